"""Templates compiled once for all the applications of a test process: compiling is most of what a first page costs."""

from jinja2.bccache import Bucket, BytecodeCache


class Compiled(BytecodeCache):
    """Kept in memory by the name of the template, and no longer used once its source has changed."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()
