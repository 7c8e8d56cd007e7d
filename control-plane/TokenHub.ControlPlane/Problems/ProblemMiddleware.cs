using Npgsql;
using TokenHub.ControlPlane.Wire;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Problems;

/// <summary>
/// Turns every failure below it into a problem: refusals, bad HTTP, lost servers, and what nobody foresaw.
/// </summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    private const int RetryAfterSeconds = 1;

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response.StatusCode >= 400 && !context.Response.HasStarted
                && context.Response.ContentType is null)
            {
                var code = ProblemCode.OfStatus(context.Response.StatusCode);
                await WriteAsync(context, code, $"{code.Title}.");
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has left: there is nobody to answer.
        }
        catch (Exception fault)
        {
            if (context.Response.HasStarted)
            {
                LogCut(logger, context.Request.Method, context.Request.Path, RequestIds.Of(context), fault);
                context.Abort();
                return;
            }

            await AnswerAsync(context, fault);
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception fault)
    {
        switch (fault)
        {
            case RefusedException refused:
                if (refused.RetryAfterSeconds is { } seconds)
                {
                    context.Response.Headers.RetryAfter = seconds.ToString(null, null);
                }

                await WriteAsync(context, refused.Code, refused.Message, refused.Errors);
                return;
            case BadHttpRequestException bad:
                var code = ProblemCode.OfStatus(bad.StatusCode);
                await WriteAsync(context, code, $"{code.Title}.");
                return;
            case var _ when IsOutage(fault):
                LogOutage(logger, RequestIds.Of(context), fault);
                context.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(null, null);
                await WriteAsync(
                    context, ProblemCode.Unavailable, $"{ServerOf(fault)} behind the console does not answer.");
                return;
            default:
                LogFault(logger, context.Request.Method, context.Request.Path, RequestIds.Of(context), fault);
                await WriteAsync(context, ProblemCode.Internal, "The log has the fault under this request id.");
                return;
        }
    }

    private static bool IsOutage(Exception fault) =>
        fault is RedisUnavailableException or TimeoutException or NpgsqlException { IsTransient: true }
        || (fault is NpgsqlException && fault is not PostgresException);

    // Which one, and PostgreSQL's own code where there is one: whoever meets this once can say what it was.
    private static string ServerOf(Exception fault) => fault switch
    {
        RedisUnavailableException => "Redis",
        PostgresException { SqlState: var state } => $"PostgreSQL ({state})",
        NpgsqlException { InnerException: TimeoutException } => "PostgreSQL (time is up)",
        NpgsqlException => "PostgreSQL",
        _ => "A server",
    };

    public static async Task WriteAsync(
        HttpContext context, ProblemCode code, string detail, IReadOnlyList<FieldError>? errors = null)
    {
        var problem = new Problem
        {
            Type = code.Type,
            Title = code.Title,
            Status = code.Status,
            Detail = detail,
            Code = code.Code,
            RequestId = RequestIds.Of(context),
            Errors = errors,
        };
        context.Response.StatusCode = code.Status;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsJsonAsync(
            problem, ApiJsonContext.Default.Problem, Problem.ContentType, context.RequestAborted);
    }

    [LoggerMessage(100, LogLevel.Error, "{Method} {Path} failed, request {RequestId}")]
    private static partial void LogFault(ILogger logger, string method, string path, string requestId, Exception fault);

    [LoggerMessage(101, LogLevel.Warning, "A server did not answer, request {RequestId}")]
    private static partial void LogOutage(ILogger logger, string requestId, Exception fault);

    [LoggerMessage(102, LogLevel.Warning, "{Method} {Path} failed after its answer had begun, request {RequestId}")]
    private static partial void LogCut(ILogger logger, string method, string path, string requestId, Exception fault);
}
