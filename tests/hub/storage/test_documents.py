"""Documents: saved means on the disk, replaced, listed, deleted."""

from hub.storage import Database, Documents


async def test_documents_are_kept_by_namespace_and_key(database: Database) -> None:
    documents = Documents(database)
    assert await documents.load("a", "x") is None
    await documents.save("a", "x", {"n": [1, 2.5, None, "ü"]})
    await documents.save("a", "b", 0)
    await documents.save("b", "x", "other")
    await documents.save("a", "x", {"n": []})
    assert await documents.load("a", "x") == {"n": []}
    assert await documents.load("a", "b") == 0
    assert await documents.keys("a") == ["b", "x"]
    await documents.delete("a", "x")
    await documents.delete("a", "x")
    assert await documents.keys("a") == ["b"]
    assert await documents.load("b", "x") == "other"
