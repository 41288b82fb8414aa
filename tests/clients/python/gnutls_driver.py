"""A driver (`tests/clients/drivers`) by GnuTLS itself, without streams; the first argument is the library."""
import json

from driver_by import chat, drive, right
from gnutls_direct import Session, trusting


def by_gnutls():
    session = Session(trusting())

    def call(n, words):
        right(session.post(json.dumps(chat(n, words)), session.send).decode(), n)

    return call


drive(by_gnutls)
