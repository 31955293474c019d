"""Several models and versions in one process: loaded and unloaded while requests go on."""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import httpx
import pytest
from tests.serve.bundles import ROW, onnx_classifier, onnx_regressor, python_classifier, renamed, request
from tests.serve.running import Server, refusal, serving

from headway.serve.models.library import Library, newest

MINUTES = "2.0.0"  # the version of the other model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles of two models, one in two versions."""
    place = tmp_path_factory.mktemp("bundles")
    onnx_classifier(place / "a")
    renamed(copytree(place / "a", place / "b"), version="1.10.0")
    onnx_regressor(place / "c")
    return place


@pytest.fixture
def models(folder: Path, tmp_path: Path) -> Path:
    return Path(copytree(folder, tmp_path / "models"))


@pytest.fixture
def both(models: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(None, tmp_path, "--models", str(models)) as server:
        yield server


def change(server: Server, wish: str, name: str) -> httpx.Response:
    return server.client.post(f"/v2/repository/models/{name}/{wish}")


def listed(server: Server, **body: bool) -> dict[tuple[str, str], str]:
    answer = server.client.post("/v2/repository/index", json=body).json()
    return {(item["name"], item["version"]): item["state"] for item in answer}


def test_each_version_has_its_path_and_the_highest_answers_for_the_name(both: Server) -> None:
    body = request([ROW])
    for version in ("1.2.3", "1.10.0"):
        answer = both.client.post(f"/v2/models/delay/versions/{version}/infer", json=body)
        assert (answer.json()["model_version"], answer.headers["headway-version"]) == (version, version)
    assert both.infer(body).json()["model_version"] == "1.10.0"
    assert both.client.get("/v2/models/delay").json()["versions"] == ["1.2.3", "1.10.0"]
    assert both.infer({"inputs": []}, "minutes").status_code == 400


def test_a_process_with_several_models_asks_mlflows_clients_for_a_name(both: Server) -> None:
    answer = both.client.post("/invocations", json={"dataframe_records": [ROW]})
    assert (answer.status_code, "/v2/models/NAME/invocations" in answer.json()["message"]) == (404, True)
    assert both.client.post("/v2/models/delay/invocations", json={"dataframe_records": [ROW]}).status_code == 200


def test_the_index_says_what_is_ready_and_what_could_be(both: Server) -> None:
    assert set(listed(both).values()) == {"READY"}
    assert change(both, "unload", "minutes").status_code == 200
    assert listed(both)["minutes", MINUTES] == "UNAVAILABLE"
    assert ("minutes", MINUTES) not in listed(both, ready=True)
    assert both.client.get("/v2/models/minutes").status_code == 404
    assert change(both, "load", "minutes").status_code == 200
    assert both.client.get("/v2/models/minutes/ready").status_code == 200


def test_the_index_reads_compressed_bodies_as_predictions_do(both: Server) -> None:
    change(both, "unload", "minutes")
    packed = gzip.compress(b'{"ready": true}')
    answer = both.client.post("/v2/repository/index", content=packed, headers={"content-encoding": "gzip"})
    assert (answer.status_code, {item["state"] for item in answer.json()}) == (200, {"READY"})


def test_one_version_is_unloaded_and_the_other_answers_for_the_name(both: Server) -> None:
    assert change(both, "unload", "delay/versions/1.10.0").status_code == 200
    assert both.infer(request([ROW])).json()["model_version"] == "1.2.3"
    assert "1.10.0" not in both.client.get("/metrics").text


def test_what_is_not_there_cannot_be_loaded_or_unloaded(both: Server) -> None:
    for wish in ("load", "unload"):
        answer = change(both, wish, "other")
        assert (answer.status_code, "'other'" in answer.json()["error"]) == (404, True)


def test_a_broken_bundle_is_refused_told_in_the_index_and_disturbs_nobody(both: Server, models: Path) -> None:
    change(both, "unload", "delay/versions/1.10.0")
    (models / "b" / "model.onnx").write_bytes(b"else")
    answer = change(both, "load", "delay")
    assert (answer.status_code, "does not match" in answer.json()["error"]) == (400, True)
    index = both.client.post("/v2/repository/index").json()
    assert any("does not match" in item["reason"] for item in index)
    assert both.infer(request([ROW])).json()["model_version"] == "1.2.3"
    assert both.client.get("/v2/health/ready").status_code == 200


def test_no_model_is_live_and_not_ready_until_one_is_loaded(models: Path, tmp_path: Path) -> None:
    names = ("delay", "minutes")
    with serving(None, tmp_path, "--models", str(models)) as server:
        for name in names:
            change(server, "unload", name)
        assert server.client.get("/v2/health/live").status_code == 200
        assert server.client.get("/v2/health/ready").status_code == 503
        change(server, "load", "minutes")
        assert server.client.get("/v2/health/ready").status_code == 200


def test_a_server_of_given_bundles_lets_nobody_change_them(server: Server) -> None:
    for wish in ("load", "unload"):
        assert change(server, wish, "delay").status_code == 403
    assert listed(server) == {("delay", "1.2.3"): "READY"}


def test_a_server_is_not_started_with_a_bundle_that_is_broken(models: Path) -> None:
    (models / "b" / "model.onnx").write_bytes(b"else")
    assert "does not match" in refusal(None, "--models", str(models))


def test_two_bundles_of_one_name_and_version_are_refused(models: Path) -> None:
    renamed(models / "b", version="1.2.3", reason="another")
    assert "two bundles are delay 1.2.3" in refusal(None, "--models", str(models))


def test_versions_change_under_busy_clients_without_a_gap(models: Path, tmp_path: Path) -> None:
    body = json.dumps(request([ROW]))

    async def ask(client: httpx.AsyncClient, seen: Counter[tuple[int, str]], done: asyncio.Event) -> None:
        while not done.is_set():
            answer = await client.post("/v2/models/delay/infer", content=body)
            seen[answer.status_code, answer.headers.get("headway-version", "")] += 1

    async def run(port: int) -> Counter[tuple[int, str]]:
        seen: Counter[tuple[int, str]] = Counter()
        done = asyncio.Event()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            asking = [asyncio.create_task(ask(client, seen, done)) for _ in range(4)]
            for _ in range(5):
                for wish in ("unload", "load"):
                    path = f"/v2/repository/models/delay/versions/1.10.0/{wish}"
                    assert (await client.post(path)).status_code == 200
            done.set()
            await asyncio.gather(*asking)
        return seen

    with serving(None, tmp_path, "--models", str(models)) as server:
        seen = asyncio.run(run(server.port))
    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {"1.2.3", "1.10.0"}


def test_a_python_model_that_is_unloaded_answers_what_it_was_asked(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    slow = (
        "import pathlib, time\n"
        "def predict(model, frame):\n"
        f"    if len(frame) > 1: pathlib.Path({str(asked)!r}).touch(); time.sleep(0.5)\n"
        "    return model.predict_proba(frame)"
    )
    python_classifier(tmp_path / "models" / "slow", slow)

    async def run(port: int) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            body = request([ROW, ROW])
            asking = [asyncio.create_task(client.post("/v2/models/delay/infer", json=body)) for _ in range(3)]
            while not asked.exists():  # noqa: ASYNC110 - another process tells by a file
                await asyncio.sleep(0.01)
            gone = await client.post("/v2/repository/models/delay/unload")
            return [gone, *await asyncio.gather(*asking)]

    with serving(None, tmp_path, "--models", str(tmp_path / "models")) as server:
        answers = asyncio.run(run(server.port))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert "close" in {answer.headers.get("connection") for answer in answers}


def test_versions_are_ordered_by_number(folder: Path) -> None:
    assert Library([], folder).find("delay").version == "1.10.0"
    assert max("1.9.0", "1.10.0", "0.99.0", key=newest) == "1.10.0"
