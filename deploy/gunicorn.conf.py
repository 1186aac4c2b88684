"""How the portal is served: `gunicorn portal.wsgi:application --config deploy/gunicorn.conf.py`.

Used by `manage.py demo`, by the browser tests and by the systemd units, so that all meet the same server.
WEB_CONCURRENCY (gunicorn's own variable) sets the number of worker processes.
"""

import os

worker_class = "portal.home.serving.Worker"  # gthread, whose threads get whole requests alone
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
# Loaded once, then forked: a worker that was killed is back at once, and memory is shared.
preload_app = True

# A call to a platform ends after 30 s; one worker answers several requests, so this is no request limit.
timeout = 60
graceful_timeout = 35
keepalive = 15
# Open connections of one process, idle ones included; each is closed after 15 s without a whole request.
worker_connections = 1000
backlog = 1024

# Which proxy is believed is said by PORTAL_TRUSTED_PROXIES and PORTAL_PROXY_ADDRESSES alone; gunicorn would
# believe anyone on this machine, and take the address of the application from a header.
secure_scheme_headers = {}
forwarded_allow_ips = ""
forwarder_headers = ""

# No status socket: nothing here uses it, and its default path is shared by all instances of one user.
control_socket_disable = True
# A heartbeat file on a disk can stall every worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
