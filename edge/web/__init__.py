"""The web page and its HTTP interface. Nothing that is sent to it is stored. Needs the extra `web`.

The loop's thread calls only `Hub.show`, which costs nothing while nobody looks; everything else happens in the
server's thread.
"""
