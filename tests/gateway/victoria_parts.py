"""A real VictoriaMetrics on a free port, as docs/stores.md says it is to be run; killed and started again at will."""

import asyncio
import json
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from gateway_parts import Process

from benchmarks.store_rig import victoria_command
from gateway.points_victoria import VictoriaAddress


class Victoria(Process):
    def __init__(self, folder: Path) -> None:
        command, (url, *_) = victoria_command(folder, "10y")
        self.address = VictoriaAddress(url)
        super().__init__(command, self._answers)

    async def _answers(self) -> None:
        async with asyncio.timeout(20):
            while True:
                try:
                    await asyncio.to_thread(lambda: self._get("/health"))
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    return

    def export(self, metric: str) -> dict[int, float]:
        """Samples of a metric as they are stored: ms → value, all series together."""
        self._get("/internal/force_flush")
        asked = urlencode({"match[]": f'{{__name__="{metric}"}}', "start": 0, "reduce_mem_usage": 0})
        lines = [json.loads(line) for line in self._get(f"/api/v1/export?{asked}").splitlines()]
        return {at: value for line in lines for at, value in zip(line["timestamps"], line["values"], strict=True)}

    def names(self) -> set[str]:
        self._get("/internal/force_flush")
        return set(json.loads(self._get("/api/v1/label/__name__/values?start=0"))["data"])

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.address.url + path, timeout=5) as answer:
            return answer.read()
