"""The Gradio app: a thin layer over :mod:`auditor`, installed as ``auditor_ui``."""
