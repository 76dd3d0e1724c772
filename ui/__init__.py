"""The Gradio app: a thin skin over :mod:`auditor`, installed as ``auditor_ui``."""
