<?php
// What a wiki's code has that is hard on a profile: namespaces, closures, classes without a name,
// recursion beyond the sampler's depth, destructors, and waiting that is no work.

namespace Wiki\Tests;

class Page {
	public static function burn( float $seconds ): void {
		$end = microtime( true ) + $seconds;
		while ( microtime( true ) < $end ) {
			str_repeat( md5( (string)$end ), 100 );
		}
	}

	public function render(): void {
		self::burn( 0.02 );
		array_map( static fn ( $seconds ) => self::burn( $seconds ), [ 0.01, 0.01 ] );
		( new class() {
			public function parse(): void {
				Page::burn( 0.02 );
			}
		} )->parse();
	}

	public function descend( int $depth ): void {
		if ( $depth === 0 ) {
			self::burn( 0.02 );
			return;
		}
		$this->descend( $depth - 1 );
	}

	public function __destruct() {
		self::burn( 0.02 );
	}
}

$page = new Page();
$page->render();
$page->descend( 300 );
usleep( 20000 );
