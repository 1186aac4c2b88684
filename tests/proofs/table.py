"""Who may ask what: every address and method of the portal, typed by hand from the design's table of roles.

    GET /operations/<id>/ is for the members of its team; who is not signed in is led to the sign-in page:
    GET       operations/<uuid:id>/      >. xxxxx ...   ..

The first two marks are for who is not signed in and for who is in no team, the next five for viewer,
auditor, operator, manager and owner of the team, then the owner of another team, a portal administrator and a
portal auditor. Marks: x works, - is refused (403), . is not there (404), > leads to the sign-in page.
The last two, where an address names an object: what everybody gets for one of another team (who can reach
that as well as their own keeps their x), and for one that does not exist. There `=` is the same as for one's
own, and `,` the same but for those with an x, who are told that it is not there.
`of` names the kinds that have the address; the others have none.

Two operators of the team are narrowed. For who is `inside`, to all connections, everything is as for other
operators. For who is `outside`, to another connection, there is nothing that stands on these (OUTSIDE).
Three programs have tokens, which open nothing but the API: for `reads` it is as for a viewer, for `writes` as
for an operator, and `over` has expired.
An operation's approval can only be withdrawn by who asked for it, here an operator.
"""

TABLE = """
GET       (home)                                                  >x xxxxx xxx
GET       healthz                                                 xx xxxxx xxx
GET       readyz                                                  xx xxxxx xxx
GET       .well-known/security.txt                                .. ..... ...
GET       demo/mails/                                             xx xxxxx xxx
POST      web/theme/                                              xx xxxxx xxx

GET POST  accounts/login/                                         xx xxxxx xxx
GET       accounts/logout/                                        >x xxxxx xxx
POST      accounts/logout/                                        >> >>>>> >>>
GET       accounts/inactive/                                      xx xxxxx xxx
GET POST  accounts/reauthenticate/                                >x xxxxx xxx
GET POST  accounts/password/change/                               >x xxxxx xxx
GET POST  accounts/password/reset/                                xx xxxxx xxx
GET       accounts/password/reset/done/                           xx xxxxx xxx
GET       accounts/password/reset/key/done/                       xx xxxxx xxx
GET POST  accounts/password/reset/<str:uidb36>/<str:key>/         xx xxxxx xxx   ==
GET POST  accounts/password/set/                                  .. ..... ...
GET POST  accounts/signup/                                        .. ..... ...
GET POST  accounts/email/                                         .. ..... ...
GET POST  accounts/confirm-email/                                 .. ..... ...
GET POST  accounts/2fa/                                           >x xxxxx xxx
GET POST  accounts/2fa/authenticate/                              >x xxxxx xxx
GET POST  accounts/2fa/reauthenticate/                            >x xxxxx xxx
GET POST  accounts/2fa/totp/activate/                             >x xxxxx xxx
GET POST  accounts/2fa/totp/deactivate/                           >. ..... ...
GET POST  accounts/2fa/recovery-codes/                            >. ..... ...
GET POST  accounts/2fa/recovery-codes/generate/                   >x xxxxx xxx
GET POST  accounts/2fa/webauthn/                                  >x xxxxx xxx
GET POST  accounts/2fa/webauthn/add/                              >x xxxxx xxx
GET POST  accounts/2fa/webauthn/login/                            >x xxxxx xxx
GET       accounts/2fa/webauthn/reauthenticate/                   >x xxxxx xxx
POST      accounts/2fa/webauthn/reauthenticate/                   >x xxxx> >xx
GET POST  accounts/2fa/webauthn/keys/<int:pk>/edit/               >. ....x ...   ..
GET POST  accounts/2fa/webauthn/keys/<int:pk>/remove/             >. ....x ...   ..
GET POST  accounts/sso/login/                                     .. ..... ...
GET POST  accounts/sso/callback/                                  .. ..... ...
GET POST  accounts/sso/signup/                                    .. ..... ...
GET POST  accounts/sso/connections/                               .. ..... ...
GET POST  accounts/sso/cancelled/                                 >> >>>>> >>>
GET POST  profile/                                                >x xxxxx xxx
GET POST  profile/tokens/new/                                     >x xxxxx xxx
GET POST  profile/tokens/<uuid:id>/                               >. ....x ...   ..
POST      profile/tokens/<uuid:id>/revoke/                        >. ....x ...   ..
POST      profile/sessions/end/                                   >x xxxxx xxx

GET       teams/                                                  >x xxxxx xxx
GET       teams/new/                                              >x xxxxx xxx
POST      teams/new/                                              >- ----- -x-
POST      teams/switch/                                           >. xxxxx ...
GET       teams/<uuid:id>/                                        >. xxxxx ...   ..
POST      teams/<uuid:id>/retention/                              >. ----x ...   ..
POST      teams/<uuid:id>/second-factor/                          >. ----x ...   ..
POST      teams/<uuid:id>/first-owner/                            >. ----- .x.   ..
GET       teams/<uuid:id>/invitations/                            >. xxxxx ...   ..
POST      teams/<uuid:id>/invitations/                            >. ---xx ...   ..
POST      teams/<uuid:id>/invitations/<uuid:invitation>/again/    >. ---xx ...   ..
POST      teams/<uuid:id>/invitations/<uuid:invitation>/revoke/   >. ---xx ...   ..
GET       teams/<uuid:id>/members/<int:member>/                   >. ----x ...   ..
POST      teams/<uuid:id>/members/<int:member>/role/              >. ----x ...   ..
POST      teams/<uuid:id>/members/<int:member>/remove/            >. ----x ...   ..
GET       teams/invitation/<str:token>/                           xx xxxxx xxx   =.
GET POST  teams/invitation/                                       .. ..... ...
GET       teams/<uuid:id>/who/                                    >. xxxxx ...   ..
GET       teams/<uuid:id>/access-review/                          >. -x--x ..x   ..
POST      teams/<uuid:id>/access-review/export.csv                >. -x--x ..x   ..
POST      teams/<uuid:id>/access-review/confirm/                  >. ----x ...   ..
GET       teams/access-reviews/                                   >. ..... ..x
GET       teams/<uuid:id>/rules/                                  >. xxxxx ...   ..
POST      teams/<uuid:id>/rules/                                  >. ----x ...   ..
GET       teams/<uuid:id>/tokens/                                 >. ---xx ...   ..
POST      teams/<uuid:id>/tokens/<uuid:token>/revoke/             >. ---xx ...   ..
POST      teams/<uuid:id>/members/<int:member>/exception/         >. ----x ...   ..
POST      teams/<uuid:id>/members/<int:member>/places/            >. ----x ...   ..
GET       settings/                                               >- ----- -x-
POST      settings/mail-test/                                     >- ----- -x-
GET       people/                                                 >- ----- -x-
GET       people/<uuid:id>/                                       >- ----- -x-   =,
POST      people/<uuid:id>/activate/                              >- ----- -x-   =,
POST      people/<uuid:id>/deactivate/                            >- ----- -x-   =,

GET       connections/                                            >x xxxxx xxx
GET POST  connections/new/                                        >. ---xx x..
GET       connections/<uuid:id>/                                  >. xxxxx ...   ..
GET       connections/<uuid:id>/condition/                        >. xxxxx ...   ..
GET       connections/<uuid:id>/who/                              >. xxxxx ...   ..
GET       connections/<uuid:id>/rights/                           >. xxxxx ...   ..
GET POST  connections/<uuid:id>/edit/                             >. ---xx ...   ..
GET POST  connections/<uuid:id>/delete/                           >. ---xx ...   ..
POST      connections/<uuid:id>/test/                             >. ---xx ...   ..
POST      connections/<uuid:id>/try-again/                        >. ---xx ...   ..

GET       operations/                                             >x xxxxx xxx
GET       operations/<uuid:id>/                                   >. xxxxx ...   ..
POST      operations/<uuid:id>/look-again/                        >. --xxx ...   ..
POST      operations/<uuid:id>/cancel/                            >. --xxx ...   ..
POST      operations/<uuid:id>/requeue/                           >. ---xx ...   ..
GET POST  operations/<uuid:id>/decide/                            >. ----x ...   ..
POST      operations/<uuid:id>/secrets/                           >. ....x ...   ..
GET       jobs/                                                   >x xxxxx xxx
GET       jobs/<uuid:id>/                                         >. xxxxx ...   ..
POST      jobs/<uuid:id>/stop/                                    >. ---xx ...   ..
POST      jobs/<uuid:id>/again/                                   >. ---xx ...   ..

GET       approvals/                                              >x xxxxx xxx
GET       approvals/<uuid:id>/                                    >. xxxxx ...   ..
POST      approvals/<uuid:id>/decide/                             >. ---xx ...   ..
POST      approvals/<uuid:id>/withdraw/                           >. --x-- ...   ..

GET       audit/                                                  >- -xxxx xxx
GET       audit/activity/                                         >- -xxxx xxx
GET       audit/<int:seq>/                                        >- -x.xx ..x   ,,
GET POST  audit/export/                                           >- -x--x x-x
GET       audit/intact/                                           >- -xxxx xxx
POST      audit/intact/                                           >- -x--x x-x

GET       <kind>/                                                 >x xxxxx xxx
GET       <kind>/<str:id>/                                        >. xxxxx ...   ..
POST      <kind>/refresh/                                         >. --xxx x..
GET       <kind>/export.csv                                       >. xxxxx x..
GET       <kind>/export.jsonl                                     >. xxxxx x..
GET       <kind>/tree/                                            >x xxxxx xxx
    of iotda/device-groups roma/device-groups
GET POST  <kind>/new/                                             >. --xxx x..
    of iotda/spaces iotda/device-groups iotda/products iotda/devices iotda/policies iotda/soft-buses
    of roma/device-groups enos/devices
GET POST  <kind>/new/several/                                     >. --xxx x..
    of enos/devices
POST      <kind>/<str:id>/accept-found/                           >. --xxx ...   ..
    of iotda/spaces iotda/device-groups iotda/products iotda/devices iotda/policies iotda/soft-buses
    of roma/device-groups enos/devices
GET POST  <kind>/<str:id>/delete-everything/                      >. ---xx ...   ..
    of iotda/spaces iotda/device-groups iotda/products roma/device-groups
GET       <kind>/<str:id>/who/                                    >. xxxxx ...   ..
GET       <kind>/<str:id>/related/devices/                        >. xxxxx ...   ..
GET       <kind>/<str:id>/related/groups/                         >. xxxxx ...   ..
GET       <kind>/<str:id>/related/targets/                        >. xxxxx ...   ..
GET POST  <kind>/<str:id>/update/                                 >. --xxx ...   ..
GET POST  <kind>/<str:id>/add-device/                             >. --xxx ...   ..
GET POST  <kind>/<str:id>/add-devices/                            >. --xxx ...   ..
GET POST  <kind>/<str:id>/remove-device/                          >. --xxx ...   ..
POST      <kind>/<str:id>/sync/                                   >. --xxx ...   ..
POST      <kind>/<str:id>/enable/                                 >. --xxx ...   ..
POST      <kind>/<str:id>/disable/                                >. ---xx ...   ..
GET POST  <kind>/<str:id>/replace/                                >. ---xx ...   ..
GET POST  <kind>/<str:id>/reset-key/                              >. ---xx ...   ..
GET POST  <kind>/<str:id>/bind/                                   >. ---xx ...   ..
GET POST  <kind>/<str:id>/unbind/                                 >. ---xx ...   ..
GET POST  <kind>/<str:id>/delete/                                 >. ---xx ...   ..
GET       <kind>/bulk/(anything)/                                 >. xxxxx x..
POST      <kind>/bulk/sync/                                       >. --xxx x..
POST      <kind>/bulk/enable/                                     >. --xxx x..
POST      <kind>/bulk/disable/                                    >. ---xx x..
POST      <kind>/bulk/delete/                                     >. ---xx x..
POST      <kind>/bulk/device-groups/add-device/                   >. --xxx x..
POST      <kind>/bulk/policies/bind/                              >. ---xx x..

GET       api/v1/                                                 >x xxxxx xxx
GET       api/v1/schema/                                          >x xxxxx xxx
GET       api/v1/connections/                                     >x xxxxx xxx
GET       api/v1/operations/                                      >x xxxxx xxx
GET       api/v1/operations/<uuid:id>/                            >. xxxxx ...   ..
GET       api/v1/jobs/                                            >x xxxxx xxx
GET       api/v1/jobs/<uuid:id>/                                  >. xxxxx ...   ..
GET       api/v1/approvals/                                       >x xxxxx xxx
GET       api/v1/approvals/<uuid:id>/                             >. xxxxx ...   ..
GET       api/v1/<kind>/                                          >. xxxxx x..
GET       api/v1/<kind>/<str:id>/                                 >. xxxxx ...   ..
POST      api/v1/<kind>/                                          >. --xxx x..
    of iotda/spaces iotda/device-groups iotda/products iotda/devices iotda/policies iotda/soft-buses
    of roma/device-groups enos/devices
POST      api/v1/<kind>/<str:id>/update/                          >. --xxx ...   ..
POST      api/v1/<kind>/<str:id>/add-device/                      >. --xxx ...   ..
POST      api/v1/<kind>/<str:id>/add-devices/                     >. --xxx ...   ..
POST      api/v1/<kind>/<str:id>/remove-device/                   >. --xxx ...   ..
POST      api/v1/<kind>/<str:id>/sync/                            >. --xxx ...   ..
POST      api/v1/<kind>/<str:id>/enable/                          >. --xxx ...   ..
POST      api/v1/<kind>/<str:id>/disable/                         >. ---xx ...   ..
POST      api/v1/<kind>/<str:id>/replace/                         >. ---xx ...   ..
POST      api/v1/<kind>/<str:id>/reset-key/                       >. ---xx ...   ..
POST      api/v1/<kind>/<str:id>/bind/                            >. ---xx ...   ..
POST      api/v1/<kind>/<str:id>/unbind/                          >. ---xx ...   ..
POST      api/v1/<kind>/<str:id>/delete/                          >. ---xx ...   ..
"""
COLUMNS = "nobody stranger viewer auditor operator manager owner elsewhere admin reviewer".split()
ON_CONNECTIONS = ("connections/<", "operations/<", "jobs/<", "approvals/<", "<kind>/")
OUTSIDE = {"GET <kind>/": "x", "GET <kind>/tree/": "x", "GET <kind>/new/": "x", "POST <kind>/new/": "x"}
TOKENS = ("reads", "writes", "over")
NOT_OF_KIND = dict.fromkeys([*COLUMNS, "inside", "outside"], ".") | dict.fromkeys(["nobody", *TOKENS], ">")


def read():
    """{(method, address as it stands in the table): ({person: mark}, other, missing, kinds or None)}"""
    rows, latest = {}, []
    for line in filter(None, map(str.strip, TABLE.splitlines())):
        first, *rest = line.split()
        if first == "of":
            for key in latest:
                rows[key][3].extend(rest)
            continue
        methods = [first, *(each for each in rest[:1] if each == "POST")]
        address, *marks = rest[len(methods) - 1 :]
        people = dict(zip(COLUMNS, "".join(marks[:3]), strict=True))
        other, missing = marks[3] if marks[3:] else ("", "")
        people["inside"] = "-" if address == "approvals/<uuid:id>/withdraw/" else people["operator"]
        people |= _of_tokens(address, people)
        latest = [(method, address) for method in methods]
        for key in latest:
            assert key not in rows, f"{key} stands there twice"
            rows[key] = (people | {"outside": _outside(key, people)}, other, missing, [])
    return rows


def _of_tokens(address, people):
    if not address.startswith("api/"):
        return dict.fromkeys(TOKENS, people["nobody"])
    return {"reads": people["viewer"], "writes": people["operator"], "over": ">"}


def _outside(key, people):
    is_there = not key[1].removeprefix("api/v1/").startswith(ON_CONNECTIONS)
    return OUTSIDE.get(" ".join(key), people["operator"] if is_there else ".")


def expected(people, mark, which):
    """{person: mark} for an object that is one's `own`, of the "other" team, or "missing"."""
    if which == "own" or mark == "=":
        return people
    if mark == ",":
        told = {who: "." if each == "x" else each for who, each in people.items()}
    else:
        told = {who: each if each == ">" else mark for who, each in people.items()}
    if which == "other":  # theirs is that team; a portal's person reaches it as any other
        told |= {who: people[who] for who in ("admin", "reviewer") if people[who] == "x"}
        told["elsewhere"] = people["owner"]
    return told
