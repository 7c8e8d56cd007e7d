using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;
using TokenHub.MockUpstream.Formats;
using TokenHub.MockUpstream.Pacing;
using TokenHub.MockUpstream.Script;

namespace TokenHub.MockUpstream;

/// <summary>One request: path, body, script, answer.</summary>
internal sealed class MockApplication(MockStats stats, TimerWheel wheel) : IHttpApplication<MockCall>
{
    private const string Json = "application/json";
    private const string Events = "text/event-stream; charset=utf-8";
    private const int BodyBytesMax = 64 << 20;
    private const int BytesPerToken = 4;

    public MockCall CreateContext(IFeatureCollection contextFeatures)
    {
        var container = contextFeatures as IHostContextContainer<MockCall>;
        var call = container?.HostContext ?? new MockCall(wheel, stats);
        if (container is not null)
        {
            container.HostContext = call;
        }

        call.Open(contextFeatures);
        return call;
    }

    public void DisposeContext(MockCall context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(MockCall context)
    {
        var route = MockRoute.Of(context.Request.Method, context.Request.Path);
        switch (route.Verb)
        {
            case MockVerb.Generate or MockVerb.GenerateStream or MockVerb.CountTokens:
                await CallAsync(context, route);
                break;
            case MockVerb.Health:
                await context.AnswerAsync(200, "text/plain", "ok\n"u8.ToArray());
                break;
            case MockVerb.Stats:
                await context.AnswerAsync(200, Json, Encoding.UTF8.GetBytes(stats.ToJson()));
                break;
            case MockVerb.ResetStats:
                stats.Reset();
                await context.AnswerAsync(200, Json, "{}"u8.ToArray());
                break;
            default:
                await context.AnswerAsync(404, Json, "{\"error\":{\"message\":\"no such path\"}}"u8.ToArray());
                break;
        }
    }

    private async Task CallAsync(MockCall call, MockRoute route)
    {
        var (isRead, request) = await ReadAsync(call, route);
        if (!isRead)
        {
            await FailAsync(call, route.Dialect, 400, "the body is no JSON object"u8.ToArray());
        }
        else if (!MockScript.TryParse(request.Model.Span, out var script))
        {
            await FailAsync(call, route.Dialect, 404, "the mock knows demo-small and mock-... scripts"u8.ToArray());
        }
        else if (script.Status > 0)
        {
            await FailAsync(call, route.Dialect, script.Status, "as the script asks"u8.ToArray());
        }
        else if (route.Verb == MockVerb.CountTokens)
        {
            await call.AnswerAsync(200, Json, Written(256, (ref Pen pen) =>
                AnswerFormat.Of(route.Dialect).TokenCount(ref pen, request.BodyBytes / BytesPerToken)));
        }
        else
        {
            var answer = AnswerOf(call, route, request, script);
            stats.Began(route.Dialect, request.IsStream, script.InputTokens);
            await (request.IsStream ? StreamAsync(call, answer) : WholeAsync(call, answer));
        }
    }

    private static MockAnswer AnswerOf(MockCall call, MockRoute route, in MockRequest request, in MockScript script) =>
        new()
        {
            Dialect = route.Dialect,
            Script = script,
            Model = request.Model,
            Seed = request.Seed,
            IncludesUsage = request.IncludesUsage,
            IsArray = route.Verb == MockVerb.GenerateStream
                && !call.Request.QueryString.Contains("alt=sse", StringComparison.Ordinal),
            Created = script.IsDemo ? DateTimeOffset.UtcNow.ToUnixTimeSeconds() : 1_760_000_000,
        };

    private async Task WholeAsync(MockCall call, MockAnswer answer)
    {
        if (answer.Script.FirstMs > 0)
        {
            await Task.Delay(answer.Script.FirstMs, call.Lifetime.RequestAborted);
        }

        call.Response.Headers.ContentType = Json;
        WriteWhole(call, answer);
        stats.Served(answer.Dialect, answer.OutputTokens);
        var flushed = await call.Writer.FlushAsync();
        stats.Ended(answer.Dialect, !flushed.IsCompleted);
    }

    private static void WriteWhole(MockCall call, MockAnswer answer)
    {
        var rented = ArrayPool<byte>.Shared.Rent(AnswerFormat.WholeBytesMax(answer));
        var pen = new Pen(rented);
        AnswerFormat.Of(answer.Dialect).Whole(ref pen, answer);
        call.Response.Headers.ContentLength = pen.Length;
        call.Writer.Write(rented.AsSpan(0, pen.Length));
        ArrayPool<byte>.Shared.Return(rented);
    }

    private async Task StreamAsync(MockCall call, MockAnswer answer)
    {
        call.Response.Headers.ContentType = answer.IsArray ? Json : Events;
        var script = answer.Script;
        var isWhole = script.GapMs > 0 || script.FirstMs > 0
            ? await call.Stream.RunAsync(answer, call.Writer, call.Lifetime.RequestAborted)
            : await BurstAsync(call, answer);
        stats.Ended(answer.Dialect, isWhole);
        if (!isWhole)
        {
            call.Lifetime.Abort();
        }
    }

    // No gaps: as fast as the reader takes it, but each chunk a write of its own, as providers do.
    private async Task<bool> BurstAsync(MockCall call, MockAnswer answer)
    {
        var script = answer.Script;
        StreamWriting.Begin(call.Writer, answer);
        for (var i = 0; i < script.Chunks && i != script.CutAfter; i++)
        {
            StreamWriting.Chunk(call.Writer, answer, i);
            stats.Served(answer.Dialect, tokens: 1);
            if ((await call.Writer.FlushAsync()).IsCompleted || call.Lifetime.RequestAborted.IsCancellationRequested)
            {
                return false;
            }
        }

        if (script.CutAfter >= 0 && script.CutAfter < script.Chunks)
        {
            return false;
        }

        StreamWriting.Finish(call.Writer, answer);
        return !(await call.Writer.FlushAsync()).IsCompleted;
    }

    private async Task FailAsync(MockCall call, MockDialect dialect, int status, byte[] message)
    {
        stats.Failed(dialect);
        await call.AnswerAsync(status, Json, Written(1024, (ref Pen pen) =>
            AnswerFormat.Of(dialect).Failure(ref pen, status, message)));
    }

    private delegate void Writing(ref Pen pen);

    private static byte[] Written(int bytesMax, Writing writing)
    {
        var pen = new Pen(new byte[bytesMax]);
        writing(ref pen);
        return pen.Written.ToArray();
    }

    private static async ValueTask<(bool IsRead, MockRequest Request)> ReadAsync(MockCall call, MockRoute route)
    {
        while (true)
        {
            var read = await call.Body.ReadAsync();
            if (read.IsCompleted || read.Buffer.Length > BodyBytesMax)
            {
                var isRead = MockRequest.TryRead(read.Buffer, out var request) && read.IsCompleted;
                call.Body.AdvanceTo(read.Buffer.End);
                return (isRead, route.PathModel is null
                    ? request
                    : request with
                    {
                        Model = Encoding.UTF8.GetBytes(route.PathModel),
            IsStream = route.Verb == MockVerb.GenerateStream,
                    });
            }

            call.Body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
