"""``amends demo``: five trips on real servers, with real kills; the books must add up at the end."""
