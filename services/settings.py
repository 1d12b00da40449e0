"""Settings from the environment, prefix `AMENDS_`; every one has a safe default and a line in docs/settings.md."""

from pathlib import Path
from typing import Any, Literal, Self

from psycopg.conninfo import make_conninfo
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.notifier.senders.choose import SenderSettings
from services.notifier.senders.smtp import SmtpSettings
from services.notifier.senders.webhook import WebhookSettings


class CopySettings(BaseModel):
    """One place outside that gets copies of checkpoints: a file, a signed webhook or a mailbox."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    file: Path | None = None
    """Appended to: on another machine's share, or on a medium that is written once."""
    webhook: WebhookSettings | None = None
    mail: str | None = None
    """Sent through AMENDS_SMTP."""
    every_seconds: float | None = Field(default=None, gt=0)
    """At most one in that time: 1 s to a file, a minute to a webhook, a day by mail."""

    @model_validator(mode="after")
    def _goes_one_way(self) -> Self:
        if sum(way is not None for way in (self.file, self.webhook, self.mail)) != 1:
            raise ValueError("a copy goes to one of file, webhook, mail")
        return self

    @property
    def seconds(self) -> float:
        """Shortest time between two copies."""
        usual = 1.0 if self.file else 60.0 if self.webhook else 86_400.0
        return self.every_seconds or usual


class SealSettings(BaseModel):
    """The seal: where it is published, where its key is, where copies go (docs/seal.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    store: str | None = None
    """A directory or s3://, gs://, az://; `seal` in the data directory."""
    keys: Path | None = None
    """Directory of the private key; `seal-keys` in the data directory."""
    copies: tuple[CopySettings, ...] = ()
    patrol: int = Field(default=500, ge=0)
    """Sealed events looked at again at each look, about twice a second while nothing is new; 0 for none."""


class Settings(BaseSettings):
    """What a role needs to run; nested values as AMENDS_SMTP__HOST."""

    model_config = SettingsConfigDict(env_prefix="AMENDS_", env_nested_delimiter="__", frozen=True, extra="forbid")

    data: Path = Field(default=Path("amends-data"), description="Directory of the embedded installation.")
    ledger: Literal["sqlite", "postgres"] = Field(default="sqlite", description="Where the ledger lives.")
    postgres_host: str = Field(default="127.0.0.1", description="Host, or directory of the server's socket.")
    postgres_port: int = Field(default=5432, description="Port.")
    postgres_db: str = Field(default="amends", description="Database.")
    postgres_user: str = Field(default="amends", description="Database user.")
    postgres_password: SecretStr = Field(default=SecretStr(""), description="Database password.")
    nats_url: str = Field(
        default="nats://127.0.0.1:4222", description="Broker addresses with the role's user, separated by commas."
    )
    nats_replicas: int = Field(default=1, description="Copies of each stream: 3 in a cluster.")
    http_host: str = Field(default="127.0.0.1", description="Address the HTTP API listens on.")
    http_port: int = Field(default=8000, ge=0, description="Port of the HTTP API; 0 takes a free one.")
    http_names: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost"), description="Host names the HTTP API answers to, as a JSON list."
    )
    master_key: Path | None = Field(
        default=None, description="File of the key that wraps customers' keys; `master.key` in the data directory."
    )
    postgres_keys_db: str | None = Field(
        default=None,
        description="Database of customers' keys; one of its own keeps them out of backups of the ledger.",
    )
    outbox: Path | None = Field(default=None, description="File for messages of media without a sender.")
    smtp: SmtpSettings | None = Field(default=None, description="Mail server for email.")
    webhooks: dict[str, WebhookSettings] = Field(default={}, description="Signed webhook by medium.")
    seal: SealSettings = Field(
        default=SealSettings(),
        description="The seal: STORE (directory, s3://, gs://, az://), KEYS, COPIES (a JSON list), PATROL.",
    )
    policy: Path | None = Field(default=None, description="Policy file `setup` publishes instead of the default.")
    organisation: Path | None = Field(default=None, description="Organisation file `setup` publishes.")
    stop_seconds: float = Field(
        default=10.0, ge=8.0, description="From SIGTERM to the end of a role; work not finished by then comes again."
    )
    log_json: bool = Field(default=True, description="Logs as JSON lines instead of text.")

    @property
    def postgres(self) -> dict[str, Any]:
        """How PostgreSQL is reached, in libpq's words."""
        return {
            "dbname": self.postgres_db,
            "host": self.postgres_host,
            "port": self.postgres_port,
            "user": self.postgres_user,
            "password": self.postgres_password.get_secret_value(),
        }

    def conninfo(self, database: str | None = None) -> str:
        """The same as a connection string, for the ledger's database or another; without an empty password."""
        connection: dict[str, Any] = {**self.postgres, "dbname": database or self.postgres_db}
        connection["password"] = connection["password"] or None
        return make_conninfo(**connection)

    @property
    def senders(self) -> SenderSettings:
        """The senders these settings configure; the rest goes to the outbox file."""
        return SenderSettings.model_validate(
            {"outbox": self.outbox or self.data / "outbox.jsonl", "smtp": self.smtp, "webhooks": self.webhooks}
        )


def settings(data: Path | None = None, http_port: int | None = None) -> Settings:
    """The settings of the environment, with what the command line gave instead."""
    given = {"data": data, "http_port": http_port}
    return Settings().model_copy(update={name: value for name, value in given.items() if value is not None})
