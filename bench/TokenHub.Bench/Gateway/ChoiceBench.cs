using BenchmarkDotNet.Attributes;
using TokenHub.Core.Keys;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels;
using TokenHub.Gateway.Exchanges;
using TokenHub.Gateway.Routing;

namespace TokenHub.Bench.Gateway;

/// <summary>
/// Choosing a plan for four attempts, of six steps, for a request: model looked up among 10,000, each of which 1,000
/// channels serve.
/// </summary>
public class ChoiceBench
{
    private const int Channels = 1_000;
    private const int Models = 10_000;
    private const int Asked = 16;

    private readonly ChannelPicker _picker = new(new Random(1), TimeProvider.System.TimestampFrequency);
    private readonly RoutePlan _plan = new();
    private readonly byte[][] _asked = new byte[Asked][];
    private RouteTable _large = RouteTable.Empty;
    private RouteTable _small = RouteTable.Empty;
    private RoutingQuery _query;
    private int _next;

    [GlobalSetup]
    public void Setup()
    {
        _query = new RoutingQuery(Dialect.Chat, null, new KeyEntry(Key), Endpoint.ChatCompletions)
        {
            Now = 1, InputTokens = 1000, OutputTokens = 500,
        };
        for (var i = 0; i < Asked; i++)
        {
            _asked[i] = System.Text.Encoding.UTF8.GetBytes(NameOf(i * (Models / Asked)));
        }

        (_large, _small) = (Table(Channels), Table(10));
    }

    [Benchmark]
    public int Weighted() => Pick(_large, "weighted");

    [Benchmark]
    public int LeastLoaded() => Pick(_large, "least-loaded");

    [Benchmark]
    public int Cheapest() => Pick(_large, "cheapest");

    [Benchmark]
    public int Fifo() => Pick(_large, "fifo");

    [Benchmark]
    public int Sticky() => Pick(_large, "sticky");

    [Benchmark]
    public int WithoutGroup() => Pick(_large, null);

    [Benchmark]
    public int TenChannels() => Pick(_small, "weighted");

    private static KeyRecord Key { get; } = new() { Id = 7, Account = 1001, Enabled = true, UserEnabled = true };

    private int Pick(RouteTable table, string? group)
    {
        _plan.Clear();
        _picker.Pick(table, _asked[_next++ % Asked], _query with { Group = group }, _plan);
        return _plan.Count;
    }

    private static RouteTable Table(int channels)
    {
        var box = new SecretBox(new byte[32]);
        var names = Enumerable.Range(0, Models).Select(NameOf).ToArray();
        var groups = new[] { "weighted", "least-loaded", "cheapest", "fifo", "sticky" };
        var lives = new ChannelLives();
        var snapshot = new Snapshot
        {
            Version = 1,
            Channels = [.. Enumerable.Range(1, channels).Select(id => Channel(box, id, names, groups))],
            Prices =
            [
                .. Enumerable.Range(1, channels).Select(id => new PriceEntry
                {
                    Id = id, ChannelId = id, Model = "*", Input = 100 + (id * 37 % 91), Output = 400,
                }),
            ],
            Groups = [.. groups.Select((name, i) => new GroupEntry { Name = name, Policy = PolicyOf(i) })],
        };
        for (var id = 1; id <= channels; id++)
        {
            var live = lives.Of(id);
            (live.FirstTokenMs, live.FailedBp) = (id * 97 % 3000, id % 7 == 0 ? 900 : 0);
            live.LeftBp = 10_000 - (id % 5 * 500);
            (live.Running, live.RestsUntil) = (id % 4, id % 10 == 0 ? long.MaxValue : 0);
        }

        return RouteTable.Build(snapshot, box, lives);
    }

    private static RoutingPolicy PolicyOf(int group) => group switch
    {
        1 => RoutingPolicy.LeastLoaded,
        2 => RoutingPolicy.Cheapest,
        3 => RoutingPolicy.Fifo,
        4 => RoutingPolicy.Sticky,
        _ => RoutingPolicy.Weighted,
    };

    private static ChannelEntry Channel(SecretBox box, int id, string[] models, string[] groups)
    {
        var entry = new ChannelEntry
        {
            Id = id, Name = $"channel {id}", Provider = Provider.OpenAi, BaseUrl = "https://api.example.com",
            CredentialType = "api_key", SealedCredential = "", Models = models, Weight = 1 + (id % 9),
            MaxConcurrency = 20, Groups = groups,
        };
        return entry with { SealedCredential = box.Seal("sk-of-a-channel"u8.ToArray(), entry.CredentialContext) };
    }

    private static string NameOf(int i) => $"model-{i:d5}";
}
