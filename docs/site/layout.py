"""Prints the layout of the site: Doxygen's own (on stdin), reordered so that explanations come before lists."""
import re
import sys

layout = sys.stdin.read()
# What a topic, a file, a class is for first, then what is in them.
for kind in ["group", "file", "class"]:
    block = re.search(rf"<{kind}>.*?</{kind}>", layout, re.DOTALL)[0]
    detailed = re.search(r"\s*<detaileddescription[^/]*/>", block)[0]
    moved = block.replace(detailed, "", 1)
    moved = moved.replace('<briefdescription visible="yes"/>', '<briefdescription visible="no"/>' + detailed)
    layout = layout.replace(block, moved)
print(layout)
