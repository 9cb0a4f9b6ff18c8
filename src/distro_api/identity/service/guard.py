"""What an attempt to sign in passes before its password counts: the locks of account and address, and the captcha."""

from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core.errors import DomainError
from distro_api.identity.errors import BadCredentials, CaptchaInvalid, CaptchaRequired
from distro_api.identity.service import captchas, lockout
from distro_api.identity.service.captchas import CaptchaAnswer
from distro_api.identity.service.parameters import catalogue
from distro_api.identity.service.parameters.catalogue import CaptchaPolicy
from distro_api.identity.service.sessions import Issuer


class Guard:
    """One attempt under `account` (in its normal form, known or not) from `address`."""

    def __init__(self, issuer: Issuer, account: str, address: str, captcha: CaptchaAnswer | None) -> None:
        self._issuer, self._captcha, self._solved = issuer, captcha, False
        self._account = lockout.of_account(issuer.root_key, issuer.parameters, account)
        self._address = lockout.of_address(issuer.root_key, issuer.parameters, address)

    async def first_look(self, session: AsyncSession) -> DomainError | None:
        """The refusal before the password is looked at: AccountLocked, AddressLocked, CaptchaRequired, CaptchaInvalid.

        A captcha that was asked for is spent here.
        """
        account = await lockout.standing(session, self._account)
        address = await lockout.standing(session, self._address) if self._address else lockout.Standing(0, None)
        if refusal := account.lock or address.lock:
            return refusal
        if not self._asks(account.attempts, address.attempts):
            return None
        if self._captcha is None:
            return CaptchaRequired()
        self._solved = await captchas.spend(session, self._issuer.root_key, self._captcha)
        return None if self._solved else CaptchaInvalid()

    async def last_look(self, session: AsyncSession) -> DomainError | None:
        """The same under the account's lock: of many attempts in parallel only the first few learn anything."""
        account = await lockout.standing(session, self._account, for_update=True)
        if account.lock:
            return account.lock
        return CaptchaRequired() if self._asks(account.attempts, 0) and not self._solved else None

    async def failed(self, session: AsyncSession) -> BadCredentials:
        """Count it; the one answer to all who fail, which says whether the next attempt needs a captcha."""
        mine = await lockout.count_failure(session, self._account)
        near = await lockout.count_failure(session, self._address) if self._address else 0
        return BadCredentials(captcha_required=self._asks(mine, near))

    async def passed(self, session: AsyncSession) -> None:
        """Forget the account's failures; the address keeps its own, or one good account would buy endless guesses."""
        await lockout.forget(session, self._account)

    def _asks(self, account_failures: int, address_failures: int) -> bool:
        """Whether the policy asks for a captcha after so many failures."""
        parameters = self._issuer.parameters
        match parameters.get(catalogue.CAPTCHA_POLICY):
            case CaptchaPolicy.ALWAYS:
                return True
            case CaptchaPolicy.ADAPTIVE:
                of_account = parameters.get(catalogue.CAPTCHA_AFTER_FAILURES)
                of_address = parameters.get(catalogue.CAPTCHA_AFTER_ADDRESS_FAILURES)
                return account_failures >= of_account or address_failures >= of_address
            case CaptchaPolicy.OFF:
                return False
