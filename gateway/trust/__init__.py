"""Who may speak for a site, and what happens when it must not any more: certificates, enrolment, revocation, quotas,
escrow of keys. `docs/security.md` says against which threat each part stands.
"""
