"""Pages of one file: style, scripts and data in it; it opens offline and can ask nobody for anything."""

from ksom.pictures.page.page import Page, as_base64

__all__ = ["Page", "as_base64"]
