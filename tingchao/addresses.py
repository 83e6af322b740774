"""Which IP addresses are of the open Internet: crawler and webhooks reach no others unless the operator allows it."""

import ipaddress

CARRIER_NAT = ipaddress.ip_network("100.64.0.0/10")
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open Internet: not loopback, private, link-local, carrier NAT,
    multicast or reserved, and not an IPv6 form that wraps such a one (mapped, 6to4, Teredo, NAT64).

    >>> [is_public(a) for a in ("93.184.216.34", "127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fec0::1")]
    [True, False, False, False, False]
    """
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if wrapped:
            return is_public(str(wrapped))
        if ip.is_site_local:  # once private (RFC 3879), and called global by the library
            return False
        if ip in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)))
    elif ip in CARRIER_NAT:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
