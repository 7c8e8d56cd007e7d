using System.Net;
using System.Net.Http.Headers;
using TokenHub.ControlPlane.Events;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;

namespace TokenHub.ControlPlane.Tests.Events;

public sealed class EventStreamTests(Servers servers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Changes_are_told_by_topic_and_id()
    {
        var person = await servers.Shared.PersonAsync();
        using var events = await Listener.OpenAsync(servers.Shared, person.Api);

        var key = await person.Api.PostAsync("/api/v1/keys", new { name = "a" });
        var keys = await events.NextAsync("keys");
        await servers.Shared.Admin.PostAsync($"/api/v1/users/{person.Id}/credits", new { amount = "1", reason = "x" });
        var wallet = await events.NextAsync("wallet");

        Assert.Equal($$"""{"topic":"keys","ids":["{{key.Text("id")}}"]}""", keys.Data);
        Assert.Equal($$"""{"topic":"wallet","ids":["{{person.Id}}"]}""", wallet.Data);
    }

    [Fact]
    public async Task Nobody_hears_of_what_he_may_not_see()
    {
        var person = await servers.Shared.PersonAsync();
        var other = await servers.Shared.PersonAsync();
        using var events = await Listener.OpenAsync(servers.Shared, other.Api, "?topics=keys,users,wallet,prices");

        await person.Api.PostAsync("/api/v1/keys", new { name = "a" });
        await servers.Shared.Admin.PostAsync($"/api/v1/users/{person.Id}/credits", new { amount = "1", reason = "x" });
        await servers.Shared.Admin.PatchAsync($"/api/v1/users/{person.Id}", new { max_concurrency = 5 });
        await servers.Shared.Admin.PutAsync(
            "/api/v1/prices", new { model = $"m-{Guid.NewGuid():n}", input = "1", output = "1" });
        await events.NextAsync("prices");

        Assert.DoesNotContain(events.Seen, e => e.Topic is "keys" or "users" or "wallet");
    }

    [Fact]
    public async Task Only_the_topics_asked_for_are_sent()
    {
        var person = await servers.Shared.PersonAsync();
        using var events = await Listener.OpenAsync(servers.Shared, person.Api, "?topics=channels");

        await person.Api.PostAsync("/api/v1/keys", new { name = "a" });
        await MakeChannelAsync(person);
        await events.NextAsync("channels");

        Assert.DoesNotContain(events.Seen, e => e.Topic != "channels");
    }

    [Fact]
    public async Task Stream_that_comes_back_with_its_last_id_misses_nothing()
    {
        var person = await servers.Shared.PersonAsync();
        using var first = await Listener.OpenAsync(servers.Shared, person.Api, "?topics=keys");
        var a = (await person.Api.PostAsync("/api/v1/keys", new { name = "a" })).Text("id");
        var last = (await first.NextAsync("keys")).Id;
        first.Dispose();
        var b = (await person.Api.PostAsync("/api/v1/keys", new { name = "b" })).Text("id");

        using var second = await Listener.OpenAsync(servers.Shared, person.Api, "?topics=keys", last);

        var next = await second.NextAsync("keys");
        Assert.Contains(b, next.Data, StringComparison.Ordinal);
        Assert.DoesNotContain(a, next.Data, StringComparison.Ordinal);
        Assert.DoesNotContain(second.Seen, e => e.Topic == "sync");
    }

    [Theory]
    [InlineData("00000000-1")]
    [InlineData("garbage")]
    public async Task Id_of_another_life_is_answered_with_sync(string lastId)
    {
        using var events = await Listener.OpenAsync(servers.Shared, servers.Shared.Admin, "?topics=keys", lastId);

        Assert.Equal("sync", (await events.NextAsync("sync")).Topic);
    }

    [Fact]
    public async Task Quiet_stream_has_an_id_to_come_back_with()
    {
        using var events = await Listener.OpenAsync(servers.Shared, servers.Shared.Admin, "?topics=settings");

        Assert.Matches("^[0-9a-f]{8}-[0-9]+$", events.OpeningId);
    }

    [Theory]
    [InlineData("?topics=everything")]
    [InlineData("?topics=keys,secrets")]
    public async Task Unknown_topic_is_refused(string query)
    {
        (await servers.Shared.Admin.GetAsync("/api/v1/events" + query))
            .ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task Change_at_one_control_plane_is_heard_at_another()
    {
        // What is told over Redis is heard in all of its databases: these two have a server of their own.
        await using var redis = await RedisServer.StartAsync();
        var database = await servers.Postgres.CreateDatabaseAsync();
        var secret = servers.Shared.Options.SessionSecret;
        Task<Plane> StartAsync() => Plane.StartAsync(
            servers,
            o => o with
            {
                SessionSecret = secret, Redis = RedisOptions.Parse(redis.Url) with { ContinuesInline = false },
            },
            database: database);
        await using var one = await StartAsync();
        await using var two = await StartAsync();
        await Probe.UntilAsync(
            async () => (await redis.AskAsync("PUBSUB", "NUMSUB", ConsoleNews.RelayChannel))
                .Contains(":2", StringComparison.Ordinal),
            TimeSpan.FromSeconds(10),
            "both listen");
        using var events = await Listener.OpenAsync(two, two.Admin, "?topics=keys");

        var id = (await one.Admin.PostAsync("/api/v1/keys", new { name = "a" })).Text("id");

        Assert.Contains(id, (await events.NextAsync("keys")).Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Streams_end_when_the_control_plane_stops()
    {
        await using var plane = await Plane.StartAsync(servers);
        using var events = await Listener.OpenAsync(plane, plane.Admin);
        var ended = events.EndAsync();

        await plane.StopAsync();

        await ended.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    private static Task<Answer> MakeChannelAsync(Person person) => person.Api.PostAsync("/api/v1/channels", new
    {
        name = "c",
        provider = "openai",
        base_url = "https://api.example.com",
        credential = new { type = "api_key", api_key = "k" },
        models = new[] { "m" },
    });

    private sealed record Heard(string Id, string Topic, string Data);

    private sealed class Listener : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
        private readonly HttpResponseMessage _response;
        private readonly StreamReader _reader;

        private Listener(HttpResponseMessage response, StreamReader reader)
        {
            _response = response;
            _reader = reader;
        }

        public List<Heard> Seen { get; } = [];

        public string OpeningId { get; private set; } = "";

        public static async Task<Listener> OpenAsync(Plane plane, Api api, string query = "", string? lastId = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events" + query);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", api.Token);
            if (lastId is not null)
            {
                request.Headers.Add("Last-Event-ID", lastId);
            }

            var response = await plane.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
            var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
            var listener = new Listener(response, reader);
            Assert.Equal("retry: 2000", await reader.ReadLineAsync(Cancellation));
            listener.OpeningId = (await reader.ReadLineAsync(Cancellation))!["id: ".Length..];
            Assert.Equal("", await reader.ReadLineAsync(Cancellation));
            return listener;
        }

        public async Task<Heard> NextAsync(string topic)
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            late.CancelAfter(Patience);
            while (true)
            {
                var heard = await ReadAsync(late.Token);
                Seen.Add(heard);
                if (heard.Topic == topic)
                {
                    return heard;
                }
            }
        }

        public async Task EndAsync()
        {
            while (await _reader.ReadLineAsync(Cancellation) is not null)
            {
            }
        }

        public void Dispose()
        {
            _reader.Dispose();
            _response.Dispose();
        }

        private async Task<Heard> ReadAsync(CancellationToken cancellation)
        {
            var fields = new Dictionary<string, string>();
            while (await _reader.ReadLineAsync(cancellation) is { } line)
            {
                if (line.Length == 0 && fields.TryGetValue("event", out var topic))
                {
                    return new Heard(fields["id"], topic, fields["data"]);
                }

                var colon = line.IndexOf(": ", StringComparison.Ordinal);
                if (colon > 0)
                {
                    fields[line[..colon]] = line[(colon + 2)..];
                }
            }

            throw new EndOfStreamException("The stream ended.");
        }
    }
}
