"""The playground: a page on this machine that shows how a code is computed and checked."""
