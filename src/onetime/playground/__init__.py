"""The playground: a page on one's own machine that shows how a code comes about."""
