"""What went wrong with the Hub, in a sentence, and what to do about it; a token is never shown."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from huggingface_hub import constants
from huggingface_hub import errors as hub_errors

from seedbed import public_url

TOKENS = "make one that may write: {}/settings/tokens"
"""What to do about a token that isn't there or may not write; takes the Hub's address for people."""
_LOGIN = "set HF_TOKEN, or log in: hf auth login"
_AGAIN = "push again: what was uploaded isn't sent twice"


class Trouble(NamedTuple):
    """A fact, and lines that say what to do."""

    fact: str
    advice: tuple[str, ...] = ()


def endpoint() -> str:
    """Return the Hub that the user chose, as HF_ENDPOINT has it now."""
    # huggingface_hub reads it when it's imported, which may have been long ago.
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def host() -> str:
    """Return the name of the Hub for people."""
    return urlsplit(endpoint()).netloc.rpartition("@")[2] or page()


def page() -> str:
    """Return the Hub's address for people: without a user and a password, which a mirror may want."""
    return public_url(endpoint())


def no_token() -> Trouble:
    """Return that there is no token."""
    return Trouble(f"there's no token for {host()}", (_LOGIN, TOKENS.format(page())))


def trouble_with(error: Exception, place: str, token: str | None, *, is_begun: bool = True) -> Trouble:
    """Return what an exception of huggingface_hub, or of its HTTP client, means for `place`.

    It's raised from deep inside at times: the error that an HTTP answer made is looked for in its causes.
    `is_begun` says whether anything was uploaded, so that pushing again is worth it. `token` isn't shown.
    """
    chain = [*_chain(error)]
    answered = next((one for one in chain if isinstance(one, hub_errors.HfHubHTTPError)), None)
    if answered is not None:
        found = _of_answer(answered, place)
    elif any(isinstance(one, hub_errors.LocalTokenNotFoundError) for one in chain):
        found = no_token()
    elif any(isinstance(one, hub_errors.OfflineModeIsEnabled) for one in chain):
        found = Trouble("huggingface_hub is offline: HF_HUB_OFFLINE is set", ("unset HF_HUB_OFFLINE",))
    elif isinstance(error, hub_errors.HFValidationError):
        found = Trouble(f"'{place}' can't be a dataset on the Hub: {_first_line(error)}")
    elif any(isinstance(one, ConnectionError) or _is_of_http_client(one) for one in chain):
        found = Trouble(
            f"{host()} can't be reached: {_said(chain)}",
            ("is there a network, and is HF_ENDPOINT right?", _AGAIN),
        )
    else:
        found = Trouble(f"'{place}' can't be pushed: {_said(chain)}", (_AGAIN,))
    useful = [line for line in found.advice if is_begun or line != _AGAIN]
    return Trouble(_without(found.fact, token), tuple(_without(line, token) for line in useful))


def _of_answer(error: hub_errors.HfHubHTTPError, place: str) -> Trouble:
    status = error.response.status_code
    said = error.server_message or _first_line(error)
    settings = TOKENS.format(page())
    match status:
        case 401:
            return Trouble(f"{host()} doesn't accept the token", ("is HF_TOKEN right?", settings))
        case 403:
            return Trouble(f"the token may not write '{place}': {said}", ("is USER right?", settings))
        case 404 if isinstance(error, hub_errors.RevisionNotFoundError):
            return Trouble(f"'{place}' has no such branch", ("push to a branch, not to a commit or tag",))
        case 404:
            return Trouble(f"there's no dataset '{place}', or you may not see it", ("check USER and NAME",))
        case 409 | 412:
            return Trouble(f"'{place}' was changed meanwhile: {said}", (_AGAIN,))
        case 429:
            return Trouble(f"{host()} has a limit on requests: {said}", ("wait, then push again", _AGAIN))
        case _ if status >= 500:
            return Trouble(f"{host()} has a problem (status {status}): {said}", (_AGAIN,))
    return Trouble(f"{host()} refused '{place}' (status {status}): {said}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _said(chain: Sequence[BaseException]) -> str:
    """Return what the innermost error says: those around it say only where it was."""
    return _first_line(next((one for one in reversed(chain) if str(one)), chain[0]))


def _is_of_http_client(error: BaseException) -> bool:
    # By name: huggingface_hub has changed its HTTP client twice.
    return any(
        kind.__module__.partition(".")[0] in ("httpx", "httpx2", "requests") for kind in type(error).__mro__
    )


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _without(text: str, token: str | None) -> str:
    login = urlsplit(endpoint()).netloc.rpartition("@")[0]
    for secret in filter(None, (token, login, login.partition(":")[2])):
        text = text.replace(secret, "[secret]")
    return text
