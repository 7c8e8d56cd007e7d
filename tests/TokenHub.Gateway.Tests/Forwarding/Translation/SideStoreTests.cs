using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Protocols.Chat;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>What a Chat client cannot carry comes back with the call it belongs to, to the same key alone.</summary>
[Trait("needs", "redis")]
public sealed class SideStoreTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private static readonly KeyEntry Key = new(Entries.Key());
    private readonly GatewayRig _rig = shared.Rig;

    [Fact]
    public async Task Signed_thought_comes_back_before_its_call_and_a_signature_in_it()
    {
        var store = new SideStore(_rig.Host.Redis, NullLogger.Instance);
        store.Keep(Key, Caught(Dialect.Anthropic, "claude-sonnet-4-5", sink =>
        {
            sink.Take(new ChatEvent(ChatEventKind.Reasoning) { Text = "I \\\"think"u8 });
            sink.Take(new ChatEvent(ChatEventKind.Reasoning) { Text = " so."u8 });
            sink.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Reasoning, Text = "sig+/=="u8 });
            sink.Take(new ChatEvent(ChatEventKind.ReasoningEnd));
            sink.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Redacted, Text = "hidden"u8 });
            sink.Take(new ChatEvent(ChatEventKind.ReasoningEnd));
            sink.Take(new ChatEvent(ChatEventKind.Call) { Call = 0, Id = "toolu_a"u8, Name = "f"u8 });
            sink.Take(new ChatEvent(ChatEventKind.Opaque) { Call = 1, Opaque = OpaqueKind.Call, Text = "gem"u8, Id = "toolu_b"u8 });
            sink.Take(new ChatEvent(ChatEventKind.Call) { Call = 1, Id = "toolu_b"u8, Name = "f"u8 });
        }));
        await Probe.UntilAsync(async () => (await PutBackAsync(store, Key, "toolu_b"))[0] is CallPart { Opaque: not null },
            TimeSpan.FromSeconds(5), "it is kept");

        var parts = await PutBackAsync(store, Key, "toolu_a", new ReasoningPart("I \"think so.", null), new TextPart("x"));

        var thought = Assert.IsType<ReasoningPart>(parts[1]);
        Assert.Equal(("I \"think so.", "sig+/=="), (thought.Text, thought.Opaque!.Data));
        Assert.Equal((Dialect.Anthropic, "claude", OpaqueKind.Reasoning), (thought.Opaque.Issuer, thought.Opaque.Family, thought.Opaque.Kind));
        Assert.Equal("hidden", Assert.IsType<ReasoningPart>(parts[2]).Opaque!.Data);
        Assert.Equal("toolu_a", Assert.IsType<CallPart>(parts[3]).Id);
        Assert.Equal("gem", ((CallPart)(await PutBackAsync(store, Key, "toolu_b"))[0]).Opaque!.Data);

        var other = new KeyEntry(Entries.Key(id: 8));
        Assert.Null(((CallPart)Assert.Single(await PutBackAsync(store, other, "toolu_b"))).Opaque);
        var ttl = await _rig.CommandAsync("PTTL", RedisKeys.Kept(Key.Account, Key.Id, "toolu_b"));
        Assert.InRange(long.Parse(ttl, System.Globalization.CultureInfo.InvariantCulture), 3_500_000, 3_600_000);
    }

    [Fact]
    public async Task What_is_too_long_is_not_kept_and_a_thought_without_a_call_neither()
    {
        var store = new SideStore(_rig.Host.Redis, NullLogger.Instance);
        var large = new byte[SideStore.ValueBytesMax].Select(_ => (byte)'a').ToArray();
        store.Keep(Key, Caught(Dialect.Anthropic, "claude", sink =>
        {
            sink.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Reasoning, Text = large });
            sink.Take(new ChatEvent(ChatEventKind.ReasoningEnd));
            sink.Take(new ChatEvent(ChatEventKind.Call) { Id = "long"u8 });
            sink.Take(new ChatEvent(ChatEventKind.Opaque) { Opaque = OpaqueKind.Reasoning, Text = "s"u8 });
            sink.Take(new ChatEvent(ChatEventKind.ReasoningEnd));
        }));
        await Task.Delay(100, TestContext.Current.CancellationToken);

        Assert.Single(await PutBackAsync(store, Key, "long"));
    }

    [Fact]
    public async Task Redis_that_does_not_answer_delays_a_request_by_a_moment_only()
    {
        await using var rig = await GatewayRig.StartAsync();
        var store = new SideStore(rig.Host.Redis, NullLogger.Instance);
        rig.Redis.Freeze();
        var clock = System.Diagnostics.Stopwatch.StartNew();

        Assert.Single(await PutBackAsync(store, Key, "any"));

        Assert.InRange(clock.ElapsedMilliseconds, 0, 1500);
        rig.Redis.Resume();
    }

    private static OpaqueCatch Caught(Dialect issuer, string model, Action<IChatSink> say)
    {
        var caught = new OpaqueCatch();
        caught.Begin(new Nobody(), issuer, model);
        say(caught);
        return caught;
    }

    private static async Task<List<ChatPart>> PutBackAsync(SideStore store, KeyEntry key, string call, params ChatPart[] before)
    {
        using var request = new ChatRequest(JsonDocument.Parse("{}"));
        var turn = new ChatTurn(ChatRole.Assistant);
        turn.Parts.AddRange([.. before, new CallPart(call, "f", "{}")]);
        request.Turns.Add(turn);
        await store.PutBackAsync(request, key, TestContext.Current.CancellationToken);
        return turn.Parts;
    }

    private sealed class Nobody : IChatSink
    {
        public void Take(in ChatEvent e)
        {
        }
    }
}
