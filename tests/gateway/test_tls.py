"""HTTPS: with a certificate of its own, to clients that trust it."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from polytape import AsyncPolygonClient, ConnectionError, PolygonClient
from polytape.cli.app import run
from polytape.client.stream_session import StreamNotice
from polytape.errors import ConfigurationError
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.gateway.tls import server_context
from polytape.model.market import Market
from polytape.upstream.budget.budget import Budget
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import NOW, gateway_of
from tests.fakes.feed import ScriptedFeed, minute

pytestmark = [pytest.mark.socket, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of localhost signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "locked.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "other.pem").write_bytes(other)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def secure(files: tuple[Path, Path], market: Market, synthetic: Synthetic) -> Iterator[str]:
    """The URL of a gateway that serves HTTPS, by its name."""
    app = create_app(gateway_of(synthetic.upstream(), market))
    with running(app, context=server_context(*files)) as url:
        assert url.startswith("https://127.0.0.1:")
        yield url.replace("127.0.0.1", "localhost")


async def test_clients_that_trust_the_certificate_work(
    secure: str,
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Both clients, and the command line."""
    monkeypatch.setenv("POLYTAPE_CA", str(files[0]))
    with PolygonClient(secure) as client:
        assert client.validate_ticker("AAPL")
        assert client.gateway_status()["made_up"] is True
    async with AsyncPolygonClient(secure) as others:
        assert len(await others.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "1day")) == 4
    assert run(["price", "AAPL", "--format", "json", "--url", secure]) == 0
    assert '"AAPL"' in capsys.readouterr().out


@pytest.mark.parametrize("trust", ["POLYTAPE_CA", "SSL_CERT_FILE"])
def test_streams_work_as_well(
    files: tuple[Path, Path], market: Market, monkeypatch: pytest.MonkeyPatch, trust: str
) -> None:
    """Their frames are written past ASGI, through the same TLS. Where no authorities are named, the
    system's are trusted: so is the vendor's feed reached, too.
    """
    monkeypatch.setenv(trust, str(files[0]))
    feed = ScriptedFeed()
    gateway = Gateway(None, market, lambda: NOW, Budget.of(100, 1.0), feed=feed)
    with running(create_app(gateway), context=server_context(*files)) as url:
        named = url.replace("127.0.0.1", "localhost")
        with PolygonClient(named) as client, client.stream("AAPL") as stream:
            assert any(
                isinstance(event, StreamNotice) and event.kind == "subscribed" for event in stream
            )
            feed.send([minute("AAPL", 0)])
            assert any(event == minute("AAPL", 0) for event in stream)


def test_others_do_not_believe_it(secure: str) -> None:
    """The system does not know who signed it; and nobody speaks HTTP there."""
    with PolygonClient(secure, max_retries=0) as client:
        with pytest.raises(ConnectionError, match="certificate"):
            client.gateway_status()
    with PolygonClient(secure.replace("https", "http"), max_retries=0) as client:
        with pytest.raises(ConnectionError):
            client.gateway_status()


def test_a_context_is_tls_1_2_or_newer(files: tuple[Path, Path]) -> None:
    """No certificate, no TLS."""
    context = server_context(*files)
    assert context is not None
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert server_context(None, None) is None


@pytest.mark.parametrize(
    ("cert", "key", "said"),
    [
        ("cert.pem", None, r"--tls-cert .*cert.pem cannot be used: no key or certificate in it"),
        ("nowhere.pem", "key.pem", r"--tls-cert .*nowhere.pem cannot be read: No such file"),
        ("cert.pem", "nowhere.pem", r"--tls-key .*nowhere.pem cannot be read: No such file"),
        ("cert.pem", "other.pem", r"cert.pem and --tls-key .*other.pem cannot be used: .*mismatch"),
        ("cert.pem", "locked.pem", r"locked.pem cannot be used: .*without a passphrase"),
        ("key.pem", "key.pem", r"--tls-cert .*key.pem and .* cannot be used: .*PEM files are expected"),
        (None, "key.pem", r"--tls-key .*key.pem needs its certificate: add --tls-cert"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_names_its_file(
    files: tuple[Path, Path], cert: str | None, key: str | None, said: str
) -> None:
    """Before anything listens."""
    folder = files[0].parent
    with pytest.raises(ConfigurationError, match=said):
        server_context(cert and folder / cert, key and folder / key)  # type: ignore[arg-type]


def test_a_file_of_authorities_that_is_none_is_named(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is believed in its place."""
    for name, said in (
        ("key.pem", "is no PEM file"),
        ("nowhere.pem", "cannot be read: No such file"),
    ):
        monkeypatch.setenv("POLYTAPE_CA", str(files[0].parent / name))
        with PolygonClient("https://localhost:9") as client:
            with pytest.raises(ConfigurationError, match=rf"POLYTAPE_CA .*{name} {said}"):
                client.gateway_status()
