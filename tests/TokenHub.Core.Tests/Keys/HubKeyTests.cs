using System.Text;
using System.Text.RegularExpressions;
using TokenHub.Core.Keys;
using Xunit;

namespace TokenHub.Core.Tests.Keys;

[Trait("row", "T05")]
public sealed class HubKeyTests
{
    [Fact]
    public void New_keys_have_the_promised_shape_and_differ()
    {
        var keys = Enumerable.Range(0, 2_000).Select(_ => HubKey.Create()).ToList();

        Assert.All(keys, key => Assert.Matches(new Regex("^sk-hub-[0-9A-Za-z]{48,}$"), key));
        Assert.All(keys, key => Assert.True(HubKey.IsWellFormed(Encoding.ASCII.GetBytes(key))));
        Assert.Equal(keys.Count, keys.Distinct().Count());
    }

    [Fact]
    public void Every_mistyped_character_is_noticed()
    {
        var key = Encoding.ASCII.GetBytes(HubKey.Create());
        for (var i = 0; i < key.Length; i++)
        {
            var typo = (byte[])key.Clone();
            typo[i] = typo[i] == (byte)'a' ? (byte)'b' : (byte)'a';
            Assert.False(HubKey.IsWellFormed(typo), $"character {i}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("sk-hub-")]
    [InlineData("sk-hub-short")]
    [InlineData("sk-proj-0000000000000000000000000000000000000000000000000000")]
    [InlineData("sk-hub-00000000000000000000000000000000000000000000000 0")]
    public void Other_text_is_no_key(string text) => Assert.False(HubKey.IsWellFormed(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void A_hash_is_the_sha_256_of_the_key_and_reads_back()
    {
        var hash = HubKeyHash.Of("abc");

        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hash.ToString());
        Assert.True(HubKeyHash.TryParse(hash.ToString(), out var read));
        Assert.Equal(hash, read);
        Assert.False(HubKeyHash.TryParse(hash.ToString().ToUpperInvariant(), out _));
    }
}
