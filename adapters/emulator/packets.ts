/** Payload of a full packet: 1,500 byte MTU, IPv4, TCP with time stamps. Bytes. */
export const SEGMENT = 1_448;
/** Ethernet, IPv4 and TCP headers with time stamps; Ethernet, IPv4 and UDP headers. Bytes. */
export const TCP_HEADERS = 66;
export const UDP_HEADERS = 42;
/** An 802.1Q tag. Bytes. */
export const VLAN_TAG = 4;
/** Packets of TCP's initial window (RFC 6928). */
export const INITIAL_WINDOW = 10;
