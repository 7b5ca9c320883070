"""From the ``[tls.NAME]`` sections to securities that can be replaced while the node runs."""

from __future__ import annotations

import os
from collections.abc import Mapping

from txdicomtls.interfaces import IReactor
from txdicomtls.node.passwords import password_source
from txdicomtls.node.tls_sections import CertificateSection, TLSSection
from txdicomtls.threads import InThread
from txdicomtls.tls import (
    ClientCertificate,
    CredentialFiles,
    Preference,
    Revocation,
    SecurityFiles,
    TrustFiles,
    key_log_of,
)


def security_files(
    name: str,
    section: TLSSection,
    *,
    reactor: IReactor,
    in_thread: InThread,
    environ: Mapping[str, str] = os.environ,
) -> SecurityFiles:
    """What a section says.

    :param name: of the section, as "tls.default".
    :param environ: may ask for a key log.
    """

    def shown(each: CertificateSection) -> CredentialFiles:
        return CredentialFiles(
            certificate=each.certificate,
            private_key=each.private_key,
            chain=each.chain,
            password=password_source(each.password, reactor, in_thread, environ),
            ocsp_response=each.ocsp_response,
        )

    return SecurityFiles(
        credentials=tuple(shown(each) for each in (section, *section.further)),
        trust=TrustFiles(
            authorities=section.trust,
            pinned=section.pinned,
            crls=section.crls,
            revocation=Revocation(section.revocation),
            depth=section.depth,
        ),
        profile=section.profile,
        cipher_suites=section.cipher_suites or (),
        preference=None if section.preference is None else Preference(section.preference),
        client_certificate=ClientCertificate(section.client_certificate),
        resumption=section.resumption,
        key_log=key_log_of(environ, allowed=section.key_log, what=f"[{name}]", in_thread=in_thread),
    )
