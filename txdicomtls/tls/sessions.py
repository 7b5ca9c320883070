"""Taking up earlier sessions: cheaper handshakes that trust nobody longer than a full one would.

Theory of operation.  A resumed handshake exchanges no certificates, so what was
verified once could count for ever.  Three things forbid that:

- A server keeps its sessions itself, in the context, and gives out only their numbers
  (RFC 5077 tickets, which would work with any server that has the key, are off).  A
  context is never changed and never outlives the :class:`~txdicomtls.tls.Security` that
  made it: whoever reloads trust, credentials or policy makes another one, and no session
  of the old one is known there.
- Both sides verify the certificates of a session again each time that it is taken up, by
  the dates, the revocation lists and the rules of that moment
  (:meth:`.verification.Verification.recheck`).
- Who may do what is asked for each link and each association anew; nothing of it is kept.

So what is saved are the signatures, and the certificates on the wire.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from OpenSSL import SSL

#: Seconds after which a server forgets a session.  It keeps the certificates of the peer with
#: it, about 7 KB, and never more than 20,480 sessions, which is OpenSSL's own limit.
LIFETIME = 120

#: A client keeps this many servers, and this many sessions of each: in TLS 1.3 every
#: session is used once (RFC 8446 C.4).
MOST_SERVERS = 256
MOST_SESSIONS = 8

#: A session is taken up only by contexts with the same one; each of ours has its own cache.
_SESSION_ID_CONTEXT = b"txdicomtls"


class ClientSessions:
    """The sessions that a client may take up again, by server."""

    def __init__(self) -> None:
        self._by_server: OrderedDict[str, deque[SSL.Session]] = OrderedDict()

    def keep(self, server: str, session: SSL.Session) -> None:
        """Remember a session; the server that was not used for longest is forgotten."""
        sessions = self._by_server.setdefault(server, deque(maxlen=MOST_SESSIONS))
        sessions.append(session)
        self._by_server.move_to_end(server)
        if len(self._by_server) > MOST_SERVERS:
            self._by_server.popitem(last=False)

    def take(self, server: str) -> SSL.Session | None:
        """The newest session with a server, which is no longer kept then; None without one."""
        sessions = self._by_server.get(server)
        return sessions.pop() if sessions else None


def keep_sessions(context: SSL.Context) -> None:
    """Let a server's context keep its sessions."""
    context.set_session_id(_SESSION_ID_CONTEXT)
    context.set_session_cache_mode(SSL.SESS_CACHE_SERVER)
    context.set_timeout(LIFETIME)
