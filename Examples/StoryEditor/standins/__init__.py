"""What stands around the web app in the demo and in the browser's test: who makes videos, who signs users in, the daemon."""
