"""Histograms, families and the text of a scrape."""

import pytest

from hub.observe.histogram import Histogram
from hub.observe.metrics import Family, Metrics


def test_a_histogram_counts_up_to_its_bounds() -> None:
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 3.0):
        histogram.observe(value)
    assert histogram.buckets() == [("0.1", 2.0), ("1.0", 3.0), ("+Inf", 4.0)]
    assert (histogram.count, round(histogram.sum, 2)) == (4, 3.65)


async def test_a_scrape_has_every_source_in_both_formats() -> None:
    metrics = Metrics()
    metrics.request("GET", "/api/states/{entity_id}", 200, 0.003)
    metrics.request("BREW", "/api/x", 405)
    hot = metrics.hot("POST", "/api/services/{domain}/{service}")
    hot[200] = 7
    metrics.source(lambda: [Family("hub_x", "X.", labels=("a",)).add(1.5, 'q"\\\n')])
    text = (await metrics.render())[0].decode()
    assert 'hub_x{a="q\\"\\\\\\n"} 1.5' in text
    assert (
        'hub_http_requests_total{method="GET",route="/api/states/{entity_id}",status="200"} 1.0'
        in text
    )
    assert 'hub_http_requests_total{method="other",route="/api/x",status="405"} 1.0' in text
    assert (
        'hub_http_requests_total{method="POST",route="/api/services/{domain}/{service}",'
        'status="200"} 7.0' in text
    )
    assert 'hub_http_request_duration_seconds_bucket{le="0.005",method="GET"' in text
    assert "process_resident_memory_bytes" in text
    assert "python_gc_collections_total" in text
    body, kind = await metrics.render("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    assert b'status="200"} 7.0' in body  # counted once, not again


async def test_a_failing_source_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()

    def broken() -> list[Family]:
        raise ValueError("boom")

    metrics.source(broken)
    end = metrics.source(lambda: [Family("hub_y", "Y.").add(2)])
    assert b"hub_y 2.0" in (await metrics.render())[0]
    assert "A source of metrics failed" in caplog.text
    end()
    assert b"hub_y" not in (await metrics.render())[0]
