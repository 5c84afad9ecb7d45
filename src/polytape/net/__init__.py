"""HOW IT IS CARRIED: HTTP (the only importer of httpx2), WebSockets, files and buckets."""
