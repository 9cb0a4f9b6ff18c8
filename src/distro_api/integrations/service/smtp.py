"""Mail by SMTP, with TLS from the first byte, by STARTTLS, or (for a relay on the same machine) without."""

import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from enum import StrEnum
from pathlib import Path

import aiosmtplib

from distro_api.integrations.errors import OutsideError, Refused, Unavailable

SERVICE = "smtp"
TIMEOUT_S = 15.0


class Security(StrEnum):
    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SmtpMail:
    """Sends plain text by one server; without TLS it gives nobody its password."""

    host: str
    port: int
    sender: str
    """The From line: an address, with a name if wished."""
    security: Security = Security.TLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """Certificates to trust beside the public ones."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """One message to one address; once the server has taken it, it is the server's.

        Raises:
            Unavailable, Refused
        """
        try:
            await aiosmtplib.send(
                self._message(to, subject, text),
                sender=parseaddr(self.sender)[1],
                recipients=[to],
                hostname=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                use_tls=self.security is Security.TLS,
                start_tls=self.security is Security.STARTTLS,
                tls_context=self._trusted(),
                timeout=TIMEOUT_S,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise _in_our_words(error) from error

    def _message(self, to: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, to, " ".join(subject.split())
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = make_msgid(domain=parseaddr(self.sender)[1].rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    def _trusted(self) -> ssl.SSLContext | None:
        if self.security is Security.NONE:
            return None
        context = ssl.create_default_context()
        if self.ca_file is not None:
            context.load_verify_locations(self.ca_file)
        return context


def _in_our_words(error: Exception) -> OutsideError:
    """By the server's code: 4yz may pass, 5yz will not. A server that speaks no TLS where it should is refused by us."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[first, *_]):
            return _in_our_words(first)
        case aiosmtplib.SMTPResponseException(code=int(code)):
            kind = Refused if 500 <= code < 600 else Unavailable
            return kind(SERVICE, f"smtp_{code}")
        case ssl.SSLCertVerificationError():
            return Refused(SERVICE, "untrusted_certificate")
        case aiosmtplib.SMTPTimeoutError():
            return Unavailable(SERVICE, "time_out")
        case OSError():
            cause = error.__cause__
            return _in_our_words(cause) if isinstance(cause, ssl.SSLError) else Unavailable(SERVICE, "no_connection")
        case _:
            return Refused(SERVICE, "not_possible")
