<?php
// Prepended to every request, as a wiki's settings do it: Excimer samples the request, and what it
// saw is published as Arc Lamp's client publishes it. Where ours differs it is to be tested: a short
// period, time enough for a slow machine, and a file of all that was published.
//
// In the environment: REDIS_PORT, PUBLISHED (the file; a line is "channel<TAB>folded line").

namespace Flamekeep\Tests;

use ExcimerLog;
use ExcimerProfiler;
use Redis;

const PERIOD = 0.002;
const MAX_DEPTH = 250;
const TIMEOUT = 20;

function publish( ExcimerLog $log, string $channel ): void {
	$redis = new Redis();
	$redis->connect( '127.0.0.1', (int)getenv( 'REDIS_PORT' ), TIMEOUT );
	// The first frame has to be the entry point: destructors and stacks that were cut lack it.
	$entry = realpath( $_SERVER['SCRIPT_FILENAME'] ) . ';';
	foreach ( explode( "\n", $log->formatCollapsed() ) as $line ) {
		if ( $line === '' ) {
			continue;
		}
		if ( !str_starts_with( $line, $entry ) ) {
			$line = $entry . $line;
		}
		$redis->publish( $channel, $line );
		file_put_contents( getenv( 'PUBLISHED' ), "$channel\t$line\n", FILE_APPEND | LOCK_EX );
	}
}

function sample( int $event, string $channel ): ExcimerProfiler {
	$profiler = new ExcimerProfiler();
	$profiler->setEventType( $event );
	$profiler->setPeriod( PERIOD );
	$profiler->setMaxDepth( MAX_DEPTH );
	$profiler->setFlushCallback(
		static fn ( ExcimerLog $log ) => publish( $log, $channel ), /* $maxSamples = */ 10
	);
	$profiler->start();
	return $profiler;
}

// For as long as the request lasts.
$GLOBALS['profilers'] = [ sample( EXCIMER_CPU, 'excimer' ), sample( EXCIMER_REAL, 'excimer-wall' ) ];
