"""Secrets kept out of whatever is shown or written down: those in addresses, and those of the environment."""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Self
from urllib.parse import quote, unquote

HIDDEN = "…"
SHORTEST = 6
"""Characters; a shorter value of the environment would be found in innocent words."""

_SECRET_VARIABLE = re.compile(
    r"(?:PASSW(?:OR)?D|PASSPHRASE|TOKEN|SECRET|(?:API|ACCESS|PRIVATE)_?KEY|MLFLOW_TRACKING_USERNAME)$", re.IGNORECASE
)
_HOST = r"(?:localhost|\[[^\]\s]*\]|[\w-]+(?:\.[\w-]+)+)(?::\d*)?(?:[/?#]|$)"
"""A host beyond doubt: an @ behind it belongs to no password."""
_BEFORE_USER = re.compile(rf"\b([a-z][a-z0-9+.-]{{1,30}}):/{{1,2}}(?!/|{_HOST})", re.IGNORECASE)
"""A path that was made of an address has one slash."""
_NAMED = re.compile(
    r"(?P<name>(?:passw(?:or)?d|passphrase|pwd|token|secret|(?:api|access|account|private)[_-]?key|signature|credential"
    r"|odbc_connect|(?<=[?&;])(?:key|sig|auth|pass))(?:=|%3D)|authorization['\"]?: ?['\"]?(?:\w+ )?)"
    r"(?P<secret>[^\s&'\"]+)",
    re.IGNORECASE,
)
"""A secret by its name: in an address's query, in an ODBC connection, in a header."""


_SHORTENED = re.compile(r"…|\.\.\.")
_WORD = re.compile(r"\S+")


def masked(text: str) -> str:
    """Return a text that may be shown: without the secrets in its addresses and the values of secret variables.

    Examples
    --------
    >>> masked("cannot reach postgresql://me:secret@db/runs?sslpassword=secret&a=1")
    'cannot reach postgresql://me:…@db/runs?sslpassword=…&a=1'
    """
    for secret in sorted(_of_environment(), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _NAMED.sub(rf"\g<name>{HIDDEN}", _WORD.sub(lambda word: _shown(word[0]), text))


def masked_setting(key: str, value: str) -> str:
    """Return what a key is set to, as it may be shown: nothing of it if the key is called as a secret is.

    Examples
    --------
    >>> masked_setting("HOOKS.MINE.TOKEN", "abc"), masked_setting("HOOKS.MINE.TOKEN", "null")
    ('…', 'null')
    """
    return HIDDEN if _SECRET_VARIABLE.search(key) and value != "null" else masked(value)


def masked_values(content: Any) -> Any:
    """Return mappings and lists with every text in them masked."""
    if isinstance(content, Mapping):
        return {key: masked_values(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [masked_values(value) for value in content]
    return masked(content) if isinstance(content, str) else content


def holds_secret(text: str) -> bool:
    """Return whether there is a secret in an address, so that it may not be kept; the environment is not looked at."""
    return any(_Address.of(word).secret.strip(HIDDEN) for word in text.split()) or bool(_NAMED.search(text))


def _shown(word: str) -> str:
    """Return a word without its secret; of an address that was shortened before its @, nothing but the scheme."""
    if "@" not in word and (cut := _SHORTENED.search(word)):
        return _Address.of(f"{word[: cut.start()]}@").shown.removesuffix("@") + word[cut.start() :]
    return _Address.of(word).shown


class _Address(NamedTuple):
    """A word, and what is secret in it if it is an address."""

    before: str
    secret: str
    after: str

    @property
    def shown(self) -> str:
        return f"{self.before}{HIDDEN if self.secret else ''}{self.after}"

    @classmethod
    def of(cls, word: str) -> Self:
        """Look for a user and a password up to the last @.

        A password that is not percent-encoded may hold every character that ends one, and one address may have the
        passwords of several hosts. A database has users; that of a web address may be a token.
        """
        scheme, end = _BEFORE_USER.search(word), word.rfind("@")
        if scheme is None or scheme.end() > end:
            return cls(word, "", "")
        start = scheme.end()
        user, colon, password = word[start:end].partition(":")
        if scheme[1].lower().endswith(("http", "https")):
            return cls(word[:start], password or user, word[end:])
        return cls(f"{word[:start]}{user}{colon}", password, word[end:])


def _of_environment() -> set[str]:
    """Return the values of variables with a secret's name, and the secrets of addresses in any variable."""
    found = {value for name, value in os.environ.items() if _SECRET_VARIABLE.search(name)}
    for value in (value for value in os.environ.values() if ":/" in value):
        found |= {_Address.of(word).secret for word in value.split()}
        found |= {named["secret"] for named in _NAMED.finditer(value)}
    spelled = {spelling for secret in found for spelling in (secret, unquote(secret), quote(secret, safe=""))}
    return {secret for secret in spelled if len(secret) >= SHORTEST}
