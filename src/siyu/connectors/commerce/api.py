"""Front door of the order-file import."""

from siyu.connectors.commerce.contracts import (
    FieldInfo,
    ImportState,
    ImportStatus,
    PresetInfo,
    Preview,
    PreviewRow,
)
from siyu.connectors.commerce.operations import (
    cdnow_path,
    import_file_cli,
    resume_import,
    start_import,
    stop_import,
    upload,
)
from siyu.connectors.commerce.queries import (
    fields,
    import_status,
    imports,
    presets,
    preview,
    quarantine_csv,
)

__all__ = [
    "FieldInfo",
    "ImportState",
    "ImportStatus",
    "PresetInfo",
    "Preview",
    "PreviewRow",
    "cdnow_path",
    "fields",
    "import_file_cli",
    "import_status",
    "imports",
    "presets",
    "preview",
    "quarantine_csv",
    "resume_import",
    "start_import",
    "stop_import",
    "upload",
]
