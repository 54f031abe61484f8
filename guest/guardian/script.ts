import { ALL_PRIORITIES } from '../tc/priorities.ts';

/**
 * The guardian, for bash: a process of its own that removes the transmit rules when their lease ends,
 * also when the agent was killed, is stopped, or hangs.
 *
 * It reads lines from the agent: the end of the lease in centiseconds of CLOCK_BOOTTIME (0: there is
 * none), and the devices with transmit rules. The end of the input is the end of the agent. After it has
 * removed the rules, it writes `removed`.
 *
 * What the agent has written is read before a lease is taken for expired: after both were stopped, the
 * lines may be newer than the lease.
 */
export const GUARDIAN_SCRIPT = `
trap '' INT TERM HUP
until=0 devices=()
remove() {
  for device in "\${devices[@]}"; do
    for priority in ${ALL_PRIORITIES.join(' ')}; do
      echo "filter del dev $device egress pref $priority"
    done
  done | tc -force -batch - 2>/dev/null
  until=0
  echo removed
}
left() {
  local uptime rest
  read -r uptime rest < /proc/uptime
  left=$((until - 10#\${uptime/./}))
}
while :; do
  status=0
  if [ $until = 0 ] || read -t 0; then
    read -r line || status=1
  else
    left
    if [ $left -le 0 ]; then remove; continue; fi
    printf -v seconds '%d.%02d' $((left / 100)) $((left % 100))
    read -r -t $seconds line || status=$?
  fi
  if [ $status = 0 ]; then
    words=($line); until=\${words[0]}; devices=("\${words[@]:1}")
  elif [ $status -le 128 ]; then
    [ $until = 0 ] || remove
    exit
  fi
done
`;
