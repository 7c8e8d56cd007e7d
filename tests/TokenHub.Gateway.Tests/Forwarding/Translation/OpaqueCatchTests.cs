using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Protocols.Chat;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

public sealed class OpaqueCatchTests
{
    private readonly OpaqueCatch _catch = new();

    public OpaqueCatchTests() => _catch.Begin(new Nobody(), Dialect.Gemini, "gemini-3-pro");

    [Fact]
    public void Signature_of_a_call_is_kept_by_the_calls_id()
    {
        Call(0, "a");

        var (call, items) = Assert.Single(_catch.Kept());

        Assert.Equal("a", call);
        Assert.Equal("signed", Assert.Single(items).Item.Data);
    }

    [Fact]
    public void Upstream_without_end_of_calls_and_signatures_fills_no_memory()
    {
        for (var i = 0; i < 10 * OpaqueCatch.KeptMax; i++)
        {
            Call(i, $"call_{i}");
        }

        Assert.Equal(OpaqueCatch.KeptMax, _catch.Kept().Sum(kept => kept.Items.Count));
    }

    [Fact]
    public void What_the_store_would_not_take_is_not_held_until_the_end()
    {
        Call(0, "a", new string('x', SideStore.ValueBytesMax + 1));

        Assert.Empty(_catch.Kept());
    }

    private void Call(int number, string id, string data = "signed")
    {
        var name = System.Text.Encoding.UTF8.GetBytes(id);
        var text = System.Text.Encoding.UTF8.GetBytes(data);
        _catch.Take(new ChatEvent(ChatEventKind.Opaque) { Call = number, Opaque = OpaqueKind.Call, Text = text, Id = name });
        _catch.Take(new ChatEvent(ChatEventKind.Call) { Call = number, Id = name });
    }

    private sealed class Nobody : IChatSink
    {
        public void Take(in ChatEvent e)
        {
            // Only what is caught counts.
        }
    }
}
