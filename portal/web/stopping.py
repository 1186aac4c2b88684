"""Whether this process was asked to stop. Work that takes long looks at it between two slices and leaves."""

import threading

stopping = threading.Event()
