"""The open set: enrol people, name the faces of new photos, or say unknown.

Arrays, tables and Pillow images in and out; no Kedro, no files.
"""
