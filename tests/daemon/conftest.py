"""What the tests of the daemon share."""

from store_fixtures import daemon as daemon
from store_fixtures import socket as socket
from store_fixtures import store as store
