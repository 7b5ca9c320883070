"""Python imports this before anything else: the old libraries get what is new, once for all."""

import old_cryptography
import old_pyopenssl

try:
    old_cryptography.install()
    old_pyopenssl.install()
except Exception as error:
    # Python would mention any other exception in passing, and go on.
    raise SystemExit(f"the old libraries are not what was expected: {error!r}") from error
