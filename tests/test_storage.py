"""Object storage: the same promises on a folder and on whatever speaks S3."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ventory.config import load
from ventory.core.errors import NotFound, StorageDown
from ventory.storage import Storage, UnusableStorage

KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}


@pytest.fixture(scope="module")
def s3_address():
    """A server that speaks S3. Gives its address; every test makes a bucket of its own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def storage(request, tmp_path):
    if request.param == "folder":
        return Storage((tmp_path / "files").as_uri())
    address = request.getfixturevalue("s3_address")
    bucket = f"b{os.urandom(6).hex()}"
    boto3.client("s3", endpoint_url=address, region_name="us-east-1", **KEYS).create_bucket(Bucket=bucket)
    return Storage(f"s3://{bucket}/some/prefix?endpoint={address}&region=us-east-1", KEYS)


def test_what_is_put_comes_back_whole_and_in_pieces(storage):
    content = os.urandom(700_000)
    storage.put("1/abc/full", content)

    pieces = list(storage.stream("1/abc/full"))

    assert storage.get("1/abc/full") == content
    assert b"".join(pieces) == content
    storage.put("1/abc/full", b"new")
    assert storage.get("1/abc/full") == b"new"


def test_what_is_not_there_is_missing_and_may_be_deleted_again(storage):
    with pytest.raises(NotFound):
        storage.get("1/none/full")
    with pytest.raises(NotFound):
        storage.stream("1/none/full")
    storage.delete("1/none/full")
    storage.delete_below("1/none")


def test_objects_are_listed_by_prefix_with_their_age_and_taken_away_together(storage):
    for key in ("1/abc/full", "1/abc/56.webp", "1/abcd/full", "2/x/full"):
        storage.put(key, b"four")

    listed = {each.key: each for each in storage.below()}

    assert sorted(listed) == ["1/abc/56.webp", "1/abc/full", "1/abcd/full", "2/x/full"]
    assert listed["1/abc/full"].size_bytes == 4
    assert abs(datetime.now(UTC) - listed["1/abc/full"].written_at) < timedelta(minutes=1)
    storage.delete_below("1/abc")
    assert sorted(each.key for each in storage.below()) == ["1/abcd/full", "2/x/full"]


def test_the_check_leaves_nothing_behind(storage):
    storage.check()
    assert list(storage.below()) == []


def test_a_storage_that_does_not_answer_says_so_within_seconds():
    away = Storage("s3://bucket?endpoint=http://127.0.0.1:1&region=us-east-1", KEYS)
    with pytest.raises(StorageDown, match="Nothing was stored"):
        away.put("1/abc/full", b"x")
    with pytest.raises(UnusableStorage, match="Files cannot be kept in s3://bucket"):
        away.check()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(UnusableStorage, match=r"Files cannot be kept in file:///.*/taken"):
        Storage((tmp_path / "taken").as_uri()).check()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://files", "use file:///folder, s3://bucket, gs://bucket or az://container"),
        ("files", "use file:///folder"),
        ("file://host/folder", "write it as file:///absolute/path"),
        ("s3:///prefix", "names no bucket; write it as s3://bucket/prefix"),
        ("gs://bucket?endpoint=http://x", "takes no 'endpoint'"),
    ],
)
def test_an_address_that_names_no_storage_is_refused(url, says):
    with pytest.raises(UnusableStorage, match=says):
        Storage(url)


@pytest.mark.parametrize("url", ["gs://bucket/prefix", "az://container/prefix", "s3://bucket"])
def test_every_provider_is_opened_by_its_address(url):
    opened = Storage(url, KEYS | {"azure_storage_account_name": "chain", "azure_storage_account_key": "a2V5"})._store()
    assert url.split("://")[1].split("/")[0] in repr(opened)


def test_credentials_come_from_the_names_that_the_providers_tools_read(tmp_path):
    config = load({"VENTORY_HOME": str(tmp_path), "STORAGE_URL": "s3://b", "AWS_ACCESS_KEY_ID": "k", "AWS_REGION": "r"})
    assert config.storage_url == "s3://b"
    assert config.storage_options == {"aws_access_key_id": "k", "aws_region": "r"}
    assert load({"VENTORY_HOME": str(tmp_path)}).storage_url == (tmp_path / "files").as_uri()
