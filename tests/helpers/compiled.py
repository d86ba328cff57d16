"""Templates compiled once for all the applications of a test process: compiling is most of what a first page costs."""

from jinja2 import Environment
from jinja2.bccache import Bucket, BytecodeCache


class Compiled(BytecodeCache):
    """Kept in memory by the name of the template, and no longer used once its source has changed."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        """What is put in when a template is compiled belongs to its name."""
        return super().get_bucket(environment, f"{name} {environment.facts}", filename, source)  # type: ignore[attr-defined]  # ours

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()
