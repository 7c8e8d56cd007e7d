using System.Collections.Concurrent;
using System.Text;
using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests;

public sealed class RedisSubscriberTests(Backends backends)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [OnEachBackend]
    public async Task Messages_arrive_in_order_on_their_own_channel(Backend backend)
    {
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(backends.Url(backend)), None);
        var (one, two) = (new Listener(), new Listener());
        var channel = $"test:{Guid.NewGuid():n}";
        one.Subscribe(client.Subscriber, channel + ":1");
        two.Subscribe(client.Subscriber, channel + ":2");
        await Probe.UntilAsync(() => client.Subscriber.IsConnected, Soon, "both channels are heard");

        for (var i = 0; i < 100; i++)
        {
            Assert.True(await client.PublishAsync(channel + ":1", Encoding.ASCII.GetBytes($"{i}\r\n\0"), None));
        }

        await client.PublishAsync(channel + ":2", ReadOnlyMemory<byte>.Empty, None);
        await Probe.UntilAsync(() => one.Messages.Count == 100 && two.Messages.Count == 1, Soon, "all messages");
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}\r\n\0"), one.Messages);
        Assert.Equal("", two.Messages.Single());
        Assert.InRange(one.Gaps, 1, 2);
    }

    [Fact]
    public async Task Channel_added_later_is_heard_too()
    {
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(backends.Url(Backend.Redis)), None);
        var (first, later) = (new Listener(), new Listener());
        var channel = $"test:{Guid.NewGuid():n}";
        first.Subscribe(client.Subscriber, channel + ":1");
        await Probe.UntilAsync(() => client.Subscriber.IsConnected, Soon, "the first channel is heard");

        later.Subscribe(client.Subscriber, channel + ":2");
        await Probe.UntilAsync(() => later.Gaps >= 1 && client.Subscriber.IsConnected, Soon, "the second is heard");
        await client.PublishAsync(channel + ":2", "x"u8.ToArray(), None);

        await Probe.UntilAsync(() => later.Messages.Count == 1, Soon, "its message");
        Assert.Empty(first.Messages);
        Assert.True(first.Gaps >= 1);
    }

    [Fact]
    public async Task Gap_is_told_after_every_reconnection_and_before_the_subscriber_counts_as_connected()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        var listener = new Listener();
        listener.Subscribe(client.Subscriber, "c");
        await Probe.UntilAsync(() => client.Subscriber.IsConnected, Soon, "heard");
        var gaps = listener.Gaps;
        Assert.True(gaps >= 1);

        await server.KillAsync();
        await Probe.UntilAsync(() => !client.Subscriber.IsConnected, Soon, "the loss is noticed");
        await server.RestartAsync();
        await Probe.UntilAsync(() => client.Subscriber.IsConnected, Soon, "heard again");
        Assert.True(listener.Gaps > gaps);
        Assert.True(listener.WasNeverConnectedInGap(client.Subscriber));

        await Probe.UntilAsync(() => client.IsConnected, Soon, "commands too");
        gaps = listener.Gaps;
        await ServerState.ListAsync(client.Runner, "CLIENT", "KILL", "TYPE", "pubsub");
        await Probe.UntilAsync(() => listener.Gaps > gaps && client.Subscriber.IsConnected, Soon, "a third time");
        await client.PublishAsync("c", "x"u8.ToArray(), None);
        await Probe.UntilAsync(() => listener.Messages.Count == 1, Soon, "the message");
    }

    [Fact]
    public async Task Server_that_falls_silent_is_noticed_within_a_second_or_so()
    {
        var answers = true;
        await using var stub = new RespStub(command => command[0] switch
        {
            "HELLO" => "+OK\r\n",
            _ when !Volatile.Read(ref answers) => null,
            "SUBSCRIBE" => ">3\r\n+subscribe\r\n$1\r\nc\r\n:1\r\n",
            _ => "+PONG\r\n",
        });
        await using var subscriber = stub.Subscriber();
        var listener = new Listener();
        listener.Subscribe(subscriber, "c");
        await Probe.UntilAsync(() => subscriber.IsConnected, Soon, "heard");

        Volatile.Write(ref answers, false);

        await Probe.UntilAsync(() => !subscriber.IsConnected, TimeSpan.FromSeconds(2), "the silence is noticed");
    }

    [Fact]
    public async Task Second_version_of_the_protocol_brings_messages_in_arrays()
    {
        await using var stub = new RespStub(command => command[0] switch
        {
            "SUBSCRIBE" => "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n",
            "PING" => "*2\r\n$4\r\npong\r\n$0\r\n\r\n",
            _ => "-ERR unknown command\r\n",
        });
        await using var subscriber = stub.Subscriber();
        var listener = new Listener();

        listener.Subscribe(subscriber, "c");

        await Probe.UntilAsync(() => listener.Messages.Count == 1, Soon, "the message");
        Assert.Equal(("hi", 1), (listener.Messages.Single(), listener.Gaps));
    }

    [Fact]
    public async Task Refused_subscription_is_tried_again()
    {
        var refusals = 2;
        await using var stub = new RespStub(command => command[0] switch
        {
            "HELLO" => "+OK\r\n",
            "SUBSCRIBE" when Interlocked.Decrement(ref refusals) >= 0 => "-NOPERM no\r\n",
            "SUBSCRIBE" => ">3\r\n+subscribe\r\n$1\r\nc\r\n:1\r\n",
            _ => "+PONG\r\n",
        });
        await using var subscriber = stub.Subscriber();

        new Listener().Subscribe(subscriber, "c");

        await Probe.UntilAsync(() => subscriber.IsConnected, Soon, "heard at last");
        Assert.Equal(3, stub.Connections);
    }

    [Fact]
    public async Task Handler_that_throws_leads_to_a_gap_and_not_to_silence()
    {
        await using var client = await RedisClient.ConnectAsync(Backends.Patient(backends.Url(Backend.Redis)), None);
        var channel = $"test:{Guid.NewGuid():n}";
        var (gaps, messages) = (0, 0);
        client.Subscriber.Subscribe(
            channel,
            _ =>
            {
                if (Interlocked.Increment(ref messages) == 1)
                {
                    throw new InvalidOperationException("A handler fails.");
                }
            },
            () => Interlocked.Increment(ref gaps));
        await Probe.UntilAsync(() => client.Subscriber.IsConnected, Soon, "heard");

        var before = gaps;
        await client.PublishAsync(channel, "x"u8.ToArray(), None);
        await Probe.UntilAsync(() => gaps > before && client.Subscriber.IsConnected, Soon, "the gap");
        await client.PublishAsync(channel, "x"u8.ToArray(), None);

        await Probe.UntilAsync(() => messages == 2, Soon, "the next message");
    }

    private sealed class Listener
    {
        private readonly ConcurrentQueue<bool> _connectedInGap = [];
        private int _gaps;

        public ConcurrentQueue<string> Messages { get; } = [];

        public int Gaps => Volatile.Read(ref _gaps);

        public void Subscribe(RedisSubscriber subscriber, string channel) => subscriber.Subscribe(
            channel,
            message => Messages.Enqueue(Encoding.Latin1.GetString(message)),
            () =>
            {
                _connectedInGap.Enqueue(subscriber.IsConnected);
                Interlocked.Increment(ref _gaps);
            });

        public bool WasNeverConnectedInGap(RedisSubscriber subscriber) =>
            subscriber.IsConnected && _connectedInGap.All(isConnected => !isConnected);
    }
}
