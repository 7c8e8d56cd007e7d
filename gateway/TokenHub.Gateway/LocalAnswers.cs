using System.Text;
using System.Text.Json;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Routing;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Snapshots;
using TokenHub.Gateway.Telemetry;
using TokenHub.Protocols.Tokens;
using TokenHub.Redis;

namespace TokenHub.Gateway;

/// <summary>Calls that the gateway answers by itself: health, readiness, metrics and the lists of models.</summary>
internal sealed class LocalAnswers(
    RedisClient redis,
    SnapshotHolder snapshots,
    Settler settler,
    InFlightTable table,
    GraceLine grace,
    CircuitBoard circuits,
    GatewayMetrics metrics)
{
    /// <summary>Set when the gateway takes no new requests any more.</summary>
    public bool IsDraining { get; set; }

    public bool IsReady => redis.IsConnected && snapshots.IsLoaded && settler.IsAccepting && !IsDraining;

    /// <summary>Answers health, readiness and metrics, for which nobody has to be known.</summary>
    public ValueTask AnswerAsync(Exchange exchange)
    {
        var (status, type, text) = exchange.Endpoint switch
        {
            Endpoint.Health => (200, "application/json", """{"status":"ok"}"""),
            Endpoint.Ready => (IsReady ? 200 : 503, "application/json", Readiness()),
            _ => (200, PrometheusText.ContentType, PrometheusText.Write(metrics, Gauges())),
        };
        exchange.Answer.Clear();
        System.Buffers.BuffersExtensions.Write(exchange.Answer, Encoding.UTF8.GetBytes(text));
        return SendAsync(exchange, status, type);
    }

    /// <summary>Answers a call for the models that a key may use.</summary>
    public async ValueTask<GatewayError> AnswerModelsAsync(Exchange exchange)
    {
        var (key, table) = (exchange.Key!, snapshots.Current);
        if (!table.TryOpen(exchange.Group, key, out var pool))
        {
            return new GatewayError(GatewayFault.GroupUnknown);
        }

        exchange.Answer.Clear();
        if (exchange.Endpoint is Endpoint.Models or Endpoint.GeminiModels)
        {
            ModelList.Write(exchange.Answer, table, key, exchange.Dialect, pool);
        }
        else if (!ModelList.TryWriteOne(exchange.Answer, table, key, exchange.Dialect, pool, exchange.Model))
        {
            return new GatewayError(GatewayFault.ModelUnknown, Param: "model");
        }

        await SendAsync(exchange, 200, "application/json");
        return default;
    }

    /// <summary>
    /// Says how many tokens a prompt has, by the gateway's own estimate: the upstream counts none, or in a protocol of
    /// its own.
    /// </summary>
    public static ValueTask AnswerCountAsync(Exchange exchange)
    {
        exchange.Answer.Clear();
        var tokens = TokenEstimate.Plain(exchange.Facts.Input, exchange.Dialect);
        using (var json = new Utf8JsonWriter(exchange.Answer))
        {
            json.WriteStartObject();
            if (exchange.Dialect == Dialect.Responses)
            {
                json.WriteString("object"u8, "response.input_tokens"u8);
            }

            json.WriteNumber(exchange.Dialect == Dialect.Gemini ? "totalTokens"u8 : "input_tokens"u8, tokens);
            json.WriteEndObject();
        }

        return SendAsync(exchange, 200, "application/json");
    }

    private static async ValueTask SendAsync(Exchange exchange, int status, string type)
    {
        exchange.Response.StatusCode = status;
        exchange.Response.Headers.ContentType = type;
        exchange.Response.Headers.ContentLength = exchange.Answer.Length;
        await exchange.ResponseBody.Writer.WriteAsync(exchange.Answer.Memory, exchange.Lifetime.RequestAborted);
    }

    private string Readiness()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("status"u8, IsReady ? "ready" : "not_ready");
            json.WriteStartObject("checks"u8);
            json.WriteBoolean("redis"u8, redis.IsConnected);
            json.WriteBoolean("snapshot"u8, snapshots.IsLoaded);
            json.WriteBoolean("log"u8, settler.IsAccepting);
            json.WriteBoolean("not_draining"u8, !IsDraining);
            json.WriteEndObject();
            json.WriteNumber("snapshot_version"u8, snapshots.Version);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private GaugeReadings Gauges()
    {
        var held = Usd.Zero;
        foreach (var slot in table.OpenSlots())
        {
            held += slot.Counters.Hold;
        }

        var channels = snapshots.Current.Channels
            .Select(c => (c.Id, c.ProviderName, c.Fault is not null ? 2 : circuits.IsResting(c) ? 1 : 0)).ToList();
        return new GaugeReadings(table.OpenCount, held, settler.Unconfirmed, circuits.Openings, channels, IsReady)
        {
            GraceServed = grace.Served, GraceLent = grace.Lent,
        };
    }
}
