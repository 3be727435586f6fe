/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/format/chunker.h"

#include <stdint.h>

#include "base/limits.h"

const struct chunk_sizes content_chunks = { 64 * KIB, 18, CACHE_CHUNK_LIMIT_BYTES };
const struct chunk_sizes index_chunks = { 4 * KIB, 14, 64 * KIB };

static const uint64_t gear[256] = {
	0xab119d8eccd2b218U, 0x542162fffd347b9eU, 0x7c314565a6fa1300U, 0xcab6770485d8726dU,
	0xdefd1f152c87907aU, 0x23692acf91e70cafU, 0xf79caf6cf03c774bU, 0x8d7581daab344799U,
	0x7b43401868e2493aU, 0x29804dd6ca6213bfU, 0x7a8514b3b5d88716U, 0xac19cf69768251f4U,
	0xf2b35a122f5e2956U, 0xb0fea14845ebd4edU, 0x17a352b3c3de65afU, 0x319dca9472f2818aU,
	0xf36808f6fb2d6b97U, 0x4ad55dfdf235aee5U, 0x16e0b661f4d1669aU, 0xbbb4a6287c87f1cbU,
	0xf6189a36b73e99d3U, 0x62cc4f0722fd2720U, 0xae017c50fbb147f2U, 0x75fe745144fb9e31U,
	0x29983d11812c753bU, 0xe998743fb689d247U, 0x6421c3376916979aU, 0x329c965548d36414U,
	0xb593d00d6305acb7U, 0x53dd917753ac844dU, 0x8252620a4a2c810cU, 0x3f88f99d375b3955U,
	0x7f3ee6b518c3eb6cU, 0x1785a3f4acf698aaU, 0x412b7786bf2d5108U, 0x0479af1a1dde059eU,
	0x86d6435c199294c1U, 0x8229a163104c1b4dU, 0xefdd0b5b93c74e21U, 0x5f361565fe98ddd9U,
	0x1bf62d9dc4aadb08U, 0xf4b45cceee478318U, 0xdeed76032b6f389dU, 0x07818ecfd1879cbaU,
	0x3c7be40fe298d4c1U, 0x5114431a4fc8b5ddU, 0xd7b0399949f60502U, 0x43709edc452e7ef1U,
	0x635c75e04acf2553U, 0x3e27569024086acdU, 0xe45d8ba4dc159a8dU, 0xdeedefbbae19871dU,
	0xa09f6918747b9a1bU, 0x2dc4a54e8cf8c32fU, 0x3b8248fcc1556012U, 0xfcd19a2f9839448dU,
	0x3b668ef72c48af30U, 0xee980ab3f17f68d2U, 0x920378ad518d1a1cU, 0xe69a3da79dec9eb9U,
	0x94307305b482a42aU, 0xe0d5e1f4cfe21753U, 0x68dc250d32a6ec90U, 0xdabe7a2237e64621U,
	0x66987ef4c6c81deaU, 0x6a2b0be459f455f4U, 0x398456f7870f7429U, 0x1d29a24537c836c1U,
	0x54ad86255cd1d449U, 0x57caf286f134e9f5U, 0x8a279eeae1a85584U, 0xe4774a8107929267U,
	0x82a9babb35a55269U, 0x206a61df92de2ec1U, 0xac144fcd8f8df5b6U, 0x300fe41e2d76f5e3U,
	0x2ffe9806e31b1a2cU, 0x26436be9a4807d8eU, 0x23561922b2312dc4U, 0x561f9f0c24eb8c18U,
	0x04b73539cb6c0779U, 0xf387a13ce4d5ebd2U, 0x5e1af7487f6b23a7U, 0x29e24de33e1ef5d7U,
	0x1d1cd3694647d4adU, 0x20736ab0abf3ec15U, 0xe047955894d34a4eU, 0x93a922970e5b04c4U,
	0xd74f85512caf2cd7U, 0xb8cd4a30a0cdd3c0U, 0xa13ac0a486ba3881U, 0x69019a3b105ca16fU,
	0xb09731d973ce3870U, 0x1299087a55e06404U, 0x6326aad6ab837d45U, 0x79d5a244a6486f71U,
	0xb8f3a7d6cce07837U, 0x1c110db6cc0118a4U, 0xdd3107aae2fb63a5U, 0x4bfac0dc60c7b6a9U,
	0x3bcd9605b5d3695eU, 0xf98113d420769f8fU, 0x07d64afd73faff9eU, 0xb02f14de013553f3U,
	0xb6c945cc637d0936U, 0xa0bce8f1421ed73aU, 0x9afb6305df9776d7U, 0xfd1813bc27aa0f96U,
	0x489d5517b8a6f396U, 0xc5f3787133c95b44U, 0xecb2d9c0e2586fe4U, 0xaa2c80c2feff6d45U,
	0x5ecc1274b4111b99U, 0x6d115964ead9ac91U, 0xc8bc3c2989b7c498U, 0x2467de757a925327U,
	0x2ce7e0414f28c609U, 0x4d03138368158147U, 0x674d5281d60ba72fU, 0xa1cab9461331bdf6U,
	0x34170409dfc92417U, 0xbd4ac2d847f4b1beU, 0x3eab365928c648a3U, 0x93fb149e0896d799U,
	0xdabc440196242d27U, 0xd4be4fc6ca1151fcU, 0x37eab260c8e2a71bU, 0x4955e0eece5858f2U,
	0x3c8fc88234f31612U, 0xf410bf9df06d9f45U, 0x8be2474ba121960fU, 0xc2b5d6196fdd9ef1U,
	0x40c3f88f1cb9621eU, 0x826c4a5d7351cf74U, 0xbf8c3c6040d70dbaU, 0xcd438212ddc21e27U,
	0x894290cf2dcf8c25U, 0x4d377e71eab84bebU, 0x4ce4342c860f134cU, 0x00fd4c9ebf227ba0U,
	0x007f8b5b7e1ea476U, 0xf29f5569c2356f6fU, 0x39bde6a13ccd808dU, 0x09ff0829375e6ebbU,
	0xa0fb6bd4c1575b50U, 0x619c3f7fdf8bb52fU, 0xc4eeca52d7ef78cbU, 0x0b02d098ce61b6e2U,
	0x7f1eb63c8631479dU, 0x84a24bafce494c53U, 0xcdd72108570fdd36U, 0xb89bc7ca9e2a6a74U,
	0x415617b20082d433U, 0x1bb9cb7d196992eaU, 0x7c35918c6c358acdU, 0x2123b4c12b4c0db2U,
	0x05e1723aa6e32e3fU, 0x3d66b6b043458901U, 0xef325b54deef9375U, 0xb18c1bf9cba32885U,
	0xed64b75f48a12f01U, 0x1f8dab6492c117cdU, 0xec6b3296961059aeU, 0xd37c047b56160d59U,
	0x63c1fd082ee91832U, 0xb860a4beb64df798U, 0xc7a7e7791de06de3U, 0x1aec620629d6f2c7U,
	0x05470f6de3fc3d47U, 0x538285c91f9ad5a0U, 0x4f8b9f3a6a001908U, 0x66dc4b894b3c19f9U,
	0xa5a8dd216041d5cfU, 0x99990adc92f65288U, 0x5660e24553ea24ebU, 0xb7f01d2316e8889dU,
	0x999863dace3313dbU, 0x11f2f53d5a74cc64U, 0x1401bdf6f8315e74U, 0x7c782174a8a8457dU,
	0xba85b3511122e9b5U, 0xda3b5dde3cc498d8U, 0xc64297a8cc64c238U, 0x64e4072f4646410bU,
	0x16b93c559f6d403dU, 0xd4bee599020c0216U, 0xf575c5aea051e4a3U, 0xd8c7f932f1094d10U,
	0xd29fcd56b2373262U, 0x2165bae9e8d8c716U, 0xe8871878697c63a7U, 0x765be65ba61ab552U,
	0x4947c6a9849b67b1U, 0xbadd7e7962574953U, 0xbd2b94c46a87b28cU, 0xb7594b7681784d52U,
	0x926c8c3fd174ebeeU, 0x96f695ce6f52fdceU, 0x905850eae291a897U, 0x76f6ef521ca90b43U,
	0x9015815435edeb87U, 0xed3be13afb464c0eU, 0xf086692f33b86532U, 0xe369f0272218b26bU,
	0xfa4c7dcfe5e8bf15U, 0xb703a8c0c297fbe5U, 0x74fb45c57f27d49dU, 0xcc3eb70eb260d1f9U,
	0x523ea05a70c05179U, 0x60267eb7420fcab8U, 0x0f0b7f44176d5b0aU, 0x742228f62d9f3a42U,
	0x47924836341d7661U, 0x1b90cc1b76848961U, 0x53ebef588ecdd0d5U, 0x5c4cb16c78aa45f8U,
	0x60f0ba45dbccf10fU, 0xe215a16a2ff80ed1U, 0xc70df9e8767e0a7fU, 0xf21e3fa41dc84a48U,
	0xffaeafbc82dac9adU, 0x78caac7c881236c6U, 0x0faa7ee91cd099fbU, 0xf44be57adb63d121U,
	0x56c9330154f2199eU, 0x1e8b6d4a8d9f7860U, 0xde46adaf5369e200U, 0xd4a91578eb2402a7U,
	0x9b1d52835094f627U, 0x5a8e7a1669090c35U, 0xc9d8d79d18a99a4aU, 0xed372b90316a3ec6U,
	0x3287f4a4734aa829U, 0x2f13ea0307ffdde3U, 0xdfe455ba0c9e43e2U, 0x020e1ec5c1b48c35U,
	0xf4ebed624ee65936U, 0x331dfa067602d6faU, 0xb239781eec3ebe00U, 0x2fef5f3cccac93e7U,
	0xa6dd5b670e116ae9U, 0xbd59d9b7c086cdd4U, 0x0b8e12742c15d827U, 0x563a2ee3cb5d0245U,
	0x2cca9ef1f9e53445U, 0x23589ea407819186U, 0xdf63f63b0eab31adU, 0xd5b7b257e91148bfU,
	0xf35ad6dcdb42bd5cU, 0x435036511eb1114aU, 0xe214c0771f39eb67U, 0xc81c9769b6772b75U,
	0x497d64dfe8803a47U, 0x3af5da1b8051d1b0U, 0x49f865755b5bfef6U, 0x35f9ef5f0e743ffbU,
};

/* The first cut in [from, end), 0: none. */
static size_t
find_cut(const uint8_t *bytes, size_t from, size_t end, unsigned bits, uint64_t *value)
{
	const uint64_t mask = ~(UINT64_MAX >> bits);
	uint64_t rolling = *value;

	for (size_t at = from; at < end; at++) {
		rolling = (rolling << 1) + gear[bytes[at]];
		if ((rolling & mask) == 0)
			return at + 1;
	}
	*value = rolling;
	return 0;
}

static size_t
lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
chunk_cut(const struct chunk_sizes *sizes, const void *bytes, size_t size)
{
	size_t end = lesser(size, sizes->most);
	size_t middle = lesser(end, (size_t)1 << sizes->bits);
	uint64_t value = 0;
	size_t cut;

	if (end <= sizes->least)
		return end;
	cut = find_cut(bytes, sizes->least, middle, sizes->bits + 2, &value);
	if (cut == 0)
		cut = find_cut(bytes, middle, end, sizes->bits - 2, &value);
	return cut == 0 ? end : cut;
}
