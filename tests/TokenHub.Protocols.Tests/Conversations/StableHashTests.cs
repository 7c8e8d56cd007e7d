using TokenHub.Protocols.Conversations;

namespace TokenHub.Protocols.Tests.Conversations;

public sealed class StableHashTests
{
    [Fact]
    public void Cuts_do_not_matter()
    {
        var random = new Random(5);
        var bytes = new byte[100];
        random.NextBytes(bytes);
        var whole = Of(bytes);

        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var hash = new StableHash();
            hash.Add(bytes.AsSpan(0, cut));
            hash.Add(bytes.AsSpan(cut));
            Assert.Equal(whole, hash.Finish());
        }
    }

    [Fact]
    public void Same_on_every_gateway_of_every_version()
    {
        Assert.Equal("38ed9d90d80fc74c0c0cf8d64f9ca9e4", Of("The quick brown fox jumps"u8).ToString("x32", null));
    }

    [Fact]
    public void Every_bit_turns_about_half_of_the_others()
    {
        var random = new Random(7);
        for (var length = 1; length <= 67; length += 3)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            var before = Of(bytes);
            var turned = 0L;
            for (var bit = 0; bit < 8 * length; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                turned += (long)UInt128.PopCount(before ^ Of(bytes));
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            Assert.InRange(turned / (8.0 * length), 56, 72);
        }
    }

    [Fact]
    public void Short_texts_do_not_meet()
    {
        var seen = new HashSet<UInt128>();
        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < 300_000; i++)
        {
            BitConverter.TryWriteBytes(bytes, i);
            Assert.True(seen.Add(Of(bytes[..(1 + (i > 0xFF ? 1 : 0) + (i > 0xFFFF ? 1 : 0))])));
        }
    }

    private static UInt128 Of(ReadOnlySpan<byte> bytes)
    {
        var hash = new StableHash();
        hash.Add(bytes);
        return hash.Finish();
    }
}
