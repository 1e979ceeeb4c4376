/** By what name an address is counted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressName, isLoopback } from '../../../../adapters/http/admission/client-address.ts';

describe('addressName', () => {
  it('is the address itself for IPv4, also where it comes as IPv6', () => {
    expect(['192.0.2.7', '::ffff:192.0.2.7', '::FFFF:192.0.2.7'].map(addressName)).toEqual(
      Array.from({ length: 3 }, () => '192.0.2.7'),
    );
  });

  it('is the /64 network for IPv6, however it is written', () => {
    const same = [
      '2001:db8:0:42::1',
      '2001:0db8:0000:0042:ffff:ffff:ffff:ffff',
      '2001:DB8:0:42:1::',
      '2001:db8:0:42::192.0.2.7',
    ];
    expect(same.map(addressName)).toEqual(same.map(() => '2001:db8:0:42::/64'));
    expect(['2001:db8:0:43::1', '::1:2:3:4:5', 'fe80::1%eth0', '::'].map(addressName)).toEqual([
      '2001:db8:0:43::/64',
      '0:0:0:1::/64',
      'fe80:0:0:0::/64',
      '0:0:0:0::/64',
    ]);
  });

  it('differs exactly where the first 64 bits do', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
    const eight = fc.array(group, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(eight, eight, (one, other) => {
        const sameNetwork = [...one.slice(0, 4), ...other.slice(4)].join(':');
        expect(addressName(sameNetwork)).toBe(addressName(one.join(':')));
        const equal = one.slice(0, 4).join(':') === other.slice(0, 4).join(':');
        expect(addressName(other.join(':')) === addressName(one.join(':'))).toBe(equal);
      }),
    );
  });

  it('is one for everything that is no address, so that inventing some gains nothing', () => {
    expect(['', 'unknown', '_hidden', '1.2.3', "1.2.3.4'; --", ':::'].map(addressName)).toEqual(
      Array.from({ length: 6 }, () => 'unknown'),
    );
  });
});

describe('isLoopback', () => {
  it('is this machine, by whatever name', () => {
    const these = ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', undefined];
    expect(these.map(isLoopback)).toEqual(these.map(() => true));
    const others = ['192.0.2.127', '::2', '2001:db8::1', '::ffff:192.0.2.7', '10.127.0.1'];
    expect(others.map(isLoopback)).toEqual(others.map(() => false));
  });
});
