"""An authenticator app in somebody's hand."""

from dataclasses import dataclass
from datetime import timedelta

import httpx
import pyotp

from distro_api.core import clock
from make.identity import PASSWORD, Signed

PATH = "/api/v1/me/second-factor"


@dataclass
class App:
    """The app, and the recovery codes on paper."""

    secret: str
    recovery_codes: list[str]

    def code(self, *, steps: int = 0) -> str:
        """The code at the present time, or so many steps away from it."""
        return pyotp.TOTP(self.secret).at(clock.now() + timedelta(seconds=30 * steps))


async def enrolled(client: httpx.AsyncClient, who: Signed, headers: dict[str, str] | None = None) -> App:
    """Set a second factor up; the code of the last step has served for it, so the present one is fresh."""
    headers = headers or who.headers
    started = await client.post(PATH, json={"password": PASSWORD}, headers=headers)
    assert started.status_code == 200, started.text
    app = App(started.json()["secret"], [])
    confirmed = await client.post(f"{PATH}/confirm", json={"otp": app.code(steps=-1)}, headers=headers)
    assert confirmed.status_code == 200, confirmed.text
    app.recovery_codes = confirmed.json()["recovery_codes"]
    return app
