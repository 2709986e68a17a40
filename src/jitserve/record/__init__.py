"""Records: manifests and programs as protobuf. Nothing here is pickle, nothing here imports what a record names.

``_manifest`` knows nothing of JAX (the daemon uses it); the other modules translate JAX's objects to messages of
``proto/jitserve/v1/record.proto`` and back. What cannot be translated raises ``Unencodable`` on the way in, and
``RecordError`` on the way out.
"""

from __future__ import annotations
