using System.Text;
using TokenHub.Core.Keys;
using Xunit;

namespace TokenHub.Core.Tests.Keys;

[Trait("row", "T23")]
public sealed class SecretBoxTests
{
    private static readonly SecretBox Box = new(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());
    private static readonly byte[] Secret = Encoding.UTF8.GetBytes("{\"api_key\":\"sk-canary\"}");

    [Fact]
    public void A_sealed_secret_opens_and_shows_nothing_of_itself()
    {
        var text = Box.Seal(Secret, "channels/credential/1/2");

        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
        Assert.True(Box.TryOpen(text, "channels/credential/1/2", out var opened));
        Assert.Equal(Secret, opened);
        Assert.NotEqual(text, Box.Seal(Secret, "channels/credential/1/2"));
    }

    [Theory]
    [InlineData("channels/credential/2/2")]
    [InlineData("channels/credential/1/3")]
    [InlineData("users/credential/1/2")]
    [InlineData("")]
    public void In_another_place_it_does_not_open(string context) =>
        Assert.False(Box.TryOpen(Box.Seal(Secret, "channels/credential/1/2"), context, out _));

    [Fact]
    public void With_any_byte_changed_or_another_key_it_does_not_open()
    {
        var text = Box.Seal(Secret, "c");
        for (var i = 0; i < text.Length; i++)
        {
            var changed = text.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            // A base64 digit may carry spare bits at the very end; then the bytes, and so the secret, are unchanged.
            Assert.True(!Box.TryOpen(new string(changed), "c", out var opened) || opened.SequenceEqual(Secret), $"character {i}");
        }

        var other = new SecretBox(new byte[32]);
        Assert.False(other.TryOpen(text, "c", out _));
        Assert.NotEqual(other.KeyId, Box.KeyId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("v1")]
    [InlineData("v1.x.y")]
    [InlineData("v2.00000000.AAAA")]
    public void Text_that_is_no_sealed_secret_does_not_open(string text) => Assert.False(Box.TryOpen(text, "c", out _));

    [Fact]
    public void While_a_key_follows_another_both_open_and_only_the_new_one_seals()
    {
        byte[] newKey = [.. Enumerable.Range(0, 32).Select(i => (byte)(i + 100))];
        byte[] oldKey = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        var both = new SecretBox(newKey, oldKey);
        var old = Box.Seal(Secret, "c");
        var renewed = both.Seal(Secret, "c");

        Assert.True(both.TryOpen(old, "c", out var opened) && opened.SequenceEqual(Secret));
        Assert.True(both.TryOpen(renewed, "c", out opened) && opened.SequenceEqual(Secret));
        Assert.True(new SecretBox(newKey).TryOpen(renewed, "c", out _));
        Assert.False(Box.TryOpen(renewed, "c", out _));
        Assert.False(both.TryOpen(old, "d", out _));
        Assert.StartsWith(SecretBox.PrefixOf(both.KeyId), renewed, StringComparison.Ordinal);
        Assert.NotEqual(Box.KeyId, both.KeyId);
    }

    [Fact]
    public void Naming_the_other_key_does_not_open_what_it_did_not_seal()
    {
        byte[] newKey = [.. Enumerable.Range(0, 32).Select(i => (byte)(i + 100))];
        var both = new SecretBox(newKey, [.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
        var renewed = both.Seal(Secret, "c");

        Assert.False(both.TryOpen(renewed.Replace(both.KeyId, Box.KeyId, StringComparison.Ordinal), "c", out _));
        Assert.False(both.TryOpen(renewed.Replace(both.KeyId, "00000000", StringComparison.Ordinal), "c", out _));
    }
}
